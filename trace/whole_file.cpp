#include "trace/whole_file.h"

#include <fmt/format.h>

#include <memory>

namespace devs {

std::filesystem::path beside(const std::filesystem::path& path) {
  std::filesystem::path name = path;
  name += ".new";
  return name;
}

Result<std::unique_ptr<File>> create_file(FileSystem& files, const std::filesystem::path& path) {
  const Status gone = files.remove(path);
  if (!gone.ok() && gone.code() != Code::not_found) return gone;
  return files.open_append(path);
}

Status write_whole_file(FileSystem& files, const std::filesystem::path& path,
                        std::string_view text) {
  auto file = create_file(files, beside(path));
  if (!file.ok()) return file.status();
  if (Status wrote = (*file)->append({&text, 1}); !wrote.ok()) return wrote;
  if (Status synced = (*file)->sync(); !synced.ok()) return synced;
  if (Status named = files.rename(beside(path), path); !named.ok()) return named;
  return files.sync_directory(path.parent_path());
}

Result<std::string> read_whole_file(FileSystem& files, const std::filesystem::path& path,
                                    std::size_t max_bytes) {
  auto file = files.open_read(path);
  if (!file.ok()) return file.status();
  const auto size = (*file)->size();
  if (!size.ok()) return size.status();
  if (*size > max_bytes)
    return Status(Code::data_loss, fmt::format("{} has {} bytes, and ours have at most {}",
                                               path.string(), *size, max_bytes));
  return read_part(**file, 0, static_cast<std::size_t>(*size));
}

Result<std::string> read_part(const File& file, std::uint64_t offset, std::size_t bytes) {
  std::string text(bytes, '\0');
  const auto got = file.read_at(offset, text);
  if (!got.ok()) return got.status();
  text.resize(*got);
  return text;
}

}  // namespace devs
