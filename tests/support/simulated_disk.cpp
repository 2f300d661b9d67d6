#include "tests/support/simulated_disk.h"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

namespace devs {
namespace {

using Kind = DiskOperation::Kind;

std::string plain(const std::filesystem::path& path) {
  std::string text = path.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}
std::string parent_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}
Status missing(const std::string& path) {
  return {Code::not_found, "cannot open " + path + ": No such file or directory (ENOENT)"};
}

}  // namespace

std::string_view name_of(DiskCall call) {
  static constexpr std::array<std::string_view, kDiskCalls> kNames{
      "open_append", "open_read", "append", "truncate",       "sync",           "read",
      "size",        "rename",    "remove", "make_directory", "sync_directory", "list"};
  return kNames[static_cast<std::size_t>(call)];
}

struct SimulatedDisk::Content {
  std::string path;  // when it was opened: for messages
  std::string bytes;
};

class SimulatedDisk::OpenFile final : public File {
 public:
  OpenFile(SimulatedDisk& disk, std::size_t number, std::shared_ptr<Content> content, bool writable)
      : disk_(disk), number_(number), content_(std::move(content)), writable_(writable) {}

  Status append(std::span<const std::string_view> pieces) override {
    std::string more;
    for (const std::string_view piece : pieces) more.append(piece);
    MutexLock lock(disk_.mutex_);
    if (Status may = may_write(); !may.ok()) return may;
    Status verdict = disk_.judge(DiskCall::append, content_->path);
    if (!verdict.ok()) {
      more.resize(std::min(more.size(), disk_.fault_->torn_bytes));
    } else if (const std::uint64_t room = disk_.capacity_ - std::min(disk_.capacity_, disk_.used());
               more.size() > room) {
      more.resize(static_cast<std::size_t>(room));
      ++disk_.refused_;
      verdict = Status(Code::resource_exhausted,
                       "cannot append to " + content_->path + ": No space left on device (ENOSPC)");
    }
    if (!more.empty())
      disk_.record({.kind = Kind::append, .file = number_, .bytes = std::move(more)});
    return verdict;
  }
  Status truncate(std::uint64_t size) override {
    MutexLock lock(disk_.mutex_);
    if (Status may = may_write(); !may.ok()) return may;
    if (Status may = disk_.judge(DiskCall::truncate, content_->path); !may.ok()) return may;
    disk_.record({.kind = Kind::truncate, .file = number_, .size = size});
    return {};
  }
  Status sync() override {
    MutexLock lock(disk_.mutex_);
    Status verdict = disk_.judge(DiskCall::sync, content_->path);
    disk_.record({.kind = verdict.ok() ? Kind::sync : Kind::lost_sync, .file = number_});
    return verdict;
  }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> to) const override {
    MutexLock lock(disk_.mutex_);
    if (Status may = disk_.judge(DiskCall::read, content_->path); !may.ok()) return may;
    if (offset >= content_->bytes.size()) return std::size_t{0};
    return content_->bytes.copy(to.data(), to.size(), static_cast<std::size_t>(offset));
  }
  Result<std::uint64_t> size() const override {
    MutexLock lock(disk_.mutex_);
    if (Status may = disk_.judge(DiskCall::size, content_->path); !may.ok()) return may;
    return std::uint64_t{content_->bytes.size()};
  }

 private:
  Status may_write() const {
    if (writable_) return {};
    return {Code::unavailable, "cannot write " + content_->path + ": opened to read (EBADF)"};
  }

  SimulatedDisk& disk_;
  const std::size_t number_;
  const std::shared_ptr<Content> content_;
  const bool writable_;
};

SimulatedDisk::SimulatedDisk(DiskHistory history) : history_(std::move(history)) {
  MutexLock lock(mutex_);
  directories_ = history_.before.directories;
  for (const auto& [path, bytes] : history_.before.files) {
    names_[path] = next_file_;
    files_[next_file_++] = std::make_shared<Content>(Content{path, bytes});
  }
  for (const DiskOperation& each : history_.operations) perform(each);
}

SimulatedDisk::~SimulatedDisk() = default;

DiskHistory SimulatedDisk::history() const {
  MutexLock lock(mutex_);
  return history_;
}
std::size_t SimulatedDisk::operations() const {
  MutexLock lock(mutex_);
  return history_.operations.size();
}
DiskImage SimulatedDisk::image() const {
  MutexLock lock(mutex_);
  DiskImage now{{}, directories_};
  for (const auto& [path, number] : names_) now.files[path] = files_.at(number)->bytes;
  return now;
}

void SimulatedDisk::refuse(DiskFault fault) {
  MutexLock lock(mutex_);
  fault_ = std::move(fault);
}
void SimulatedDisk::mend() {
  MutexLock lock(mutex_);
  fault_.reset();
  capacity_ = std::numeric_limits<std::uint64_t>::max();
}
void SimulatedDisk::set_capacity(std::uint64_t bytes) {
  MutexLock lock(mutex_);
  capacity_ = bytes;
}
std::size_t SimulatedDisk::refused() const {
  MutexLock lock(mutex_);
  return refused_;
}
std::size_t SimulatedDisk::calls(DiskCall call) const {
  MutexLock lock(mutex_);
  return calls_[static_cast<std::size_t>(call)];
}
void SimulatedDisk::write_behind(const std::filesystem::path& path, std::uint64_t offset,
                                 char byte) {
  MutexLock lock(mutex_);
  files_.at(names_.at(plain(path)))->bytes.at(static_cast<std::size_t>(offset)) = byte;
}

Result<std::unique_ptr<File>> SimulatedDisk::open_append(const std::filesystem::path& path) {
  const std::string name = plain(path);
  MutexLock lock(mutex_);
  if (Status may = judge(DiskCall::open_append, name); !may.ok()) return may;
  if (!is_directory(parent_of(name))) return missing(name);
  if (is_directory(name))
    return Status(Code::unavailable, "cannot use " + name + ": not a regular file");
  if (!names_.contains(name)) record({.kind = Kind::create, .file = next_file_, .path = name});
  const std::size_t number = names_.at(name);
  return std::unique_ptr<File>(new OpenFile(*this, number, files_.at(number), true));
}

Result<std::unique_ptr<File>> SimulatedDisk::open_read(const std::filesystem::path& path) {
  const std::string name = plain(path);
  MutexLock lock(mutex_);
  if (Status may = judge(DiskCall::open_read, name); !may.ok()) return may;
  const auto found = names_.find(name);
  if (found == names_.end()) return missing(name);
  return std::unique_ptr<File>(new OpenFile(*this, found->second, files_.at(found->second), false));
}

Status SimulatedDisk::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  const std::string old_name = plain(from), new_name = plain(to);
  MutexLock lock(mutex_);
  if (Status may = judge(DiskCall::rename, old_name); !may.ok()) return may;
  if (!names_.contains(old_name) || !is_directory(parent_of(new_name))) return missing(old_name);
  record({.kind = Kind::rename, .path = old_name, .to = new_name});
  return {};
}

Status SimulatedDisk::remove(const std::filesystem::path& path) {
  const std::string name = plain(path);
  MutexLock lock(mutex_);
  if (Status may = judge(DiskCall::remove, name); !may.ok()) return may;
  if (!names_.contains(name)) return missing(name);
  record({.kind = Kind::remove, .path = name});
  return {};
}

Status SimulatedDisk::make_directory(const std::filesystem::path& path) {
  const std::string name = plain(path);
  MutexLock lock(mutex_);
  if (Status may = judge(DiskCall::make_directory, name); !may.ok()) return may;
  if (is_directory(name)) return {};
  if (!is_directory(parent_of(name))) return missing(name);
  record({.kind = Kind::make_directory, .path = name});
  return {};
}

Status SimulatedDisk::sync_directory(const std::filesystem::path& path) {
  const std::string name = plain(path);
  MutexLock lock(mutex_);
  if (Status may = judge(DiskCall::sync_directory, name); !may.ok()) return may;
  if (!is_directory(name)) return missing(name);
  record({.kind = Kind::sync_directory, .path = name});
  return {};
}

Result<std::vector<std::string>> SimulatedDisk::list(const std::filesystem::path& path) const {
  const std::string name = plain(path);
  MutexLock lock(mutex_);
  if (Status may = judge(DiskCall::list, name); !may.ok()) return may;
  if (!is_directory(name)) return missing(name);
  std::set<std::string> found;
  for (const auto& file : names_)
    if (parent_of(file.first) == name)
      found.insert(std::filesystem::path(file.first).filename().string());
  for (const std::string& each : directories_)
    if (each != name && parent_of(each) == name)
      found.insert(std::filesystem::path(each).filename().string());
  return std::vector<std::string>(found.begin(), found.end());
}

Status SimulatedDisk::judge(DiskCall call, const std::string& path) const {
  ++calls_[static_cast<std::size_t>(call)];
  if (!fault_ || (fault_->call && *fault_->call != call) || fault_->count == 0) return {};
  if (fault_->good > 0) {
    --fault_->good;
    return {};
  }
  --fault_->count;
  ++refused_;
  return {fault_->code, "cannot " + std::string(name_of(call)) + " " + path + ": " + fault_->why};
}

bool SimulatedDisk::is_directory(const std::string& path) const {
  if (directories_.contains(path)) return true;
  const std::string inside = path == "/" ? path : path + "/";
  const auto below = directories_.lower_bound(inside);
  return below != directories_.end() && below->starts_with(inside);
}

std::uint64_t SimulatedDisk::used() const {
  std::uint64_t bytes = 0;
  for (const auto& file : names_) bytes += files_.at(file.second)->bytes.size();
  return bytes;
}

void SimulatedDisk::record(DiskOperation operation) {
  perform(operation);
  history_.operations.push_back(std::move(operation));
}

void SimulatedDisk::perform(const DiskOperation& operation) {
  switch (operation.kind) {
    case Kind::make_directory:
      directories_.insert(operation.path);
      break;
    case Kind::create:
      names_[operation.path] = operation.file;
      files_[operation.file] = std::make_shared<Content>(Content{operation.path, {}});
      next_file_ = std::max(next_file_, operation.file + 1);
      break;
    case Kind::append:
      files_.at(operation.file)->bytes += operation.bytes;
      break;
    case Kind::truncate:
      files_.at(operation.file)->bytes.resize(static_cast<std::size_t>(operation.size), '\0');
      break;
    case Kind::rename:
      names_[operation.to] = names_.at(operation.path);
      names_.erase(operation.path);
      break;
    case Kind::remove:
      names_.erase(operation.path);
      break;
    case Kind::sync:
    case Kind::lost_sync:
    case Kind::sync_directory:
      break;
  }
}

}  // namespace devs
