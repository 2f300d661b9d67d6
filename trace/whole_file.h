#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/result.h"
#include "trace/file.h"

namespace devs {

// A name beside `path` for what is not whole yet: `<path>.new`.
std::filesystem::path beside(const std::filesystem::path& path);

// An empty file at `path`: what lay there is removed, not written over, because it may
// be somebody's, or its pages may have failed a sync.
Result<std::unique_ptr<File>> create_file(FileSystem& files, const std::filesystem::path& path);

// `text` at `path`, whole or not at all, also when the power fails: beside it, synced,
// renamed, the directory synced.
Status write_whole_file(FileSystem& files, const std::filesystem::path& path,
                        std::string_view text);

// data_loss: it is longer than `max_bytes`, and not of ours.
Result<std::string> read_whole_file(FileSystem& files, const std::filesystem::path& path,
                                    std::size_t max_bytes);

// The `bytes` at `offset`; fewer only where the file ends.
Result<std::string> read_part(const File& file, std::uint64_t offset, std::size_t bytes);

}  // namespace devs
