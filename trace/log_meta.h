#pragma once

#include <filesystem>
#include <optional>

#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/file.h"

namespace devs {

// The layout of the directory as this program writes it.  1: one file of lines that
// were counted; 2: sidecars and segments.
inline constexpr int kLogFormat = 2;

// `trace.meta`, one line: what the log cannot say by itself.
//
//   {"crc32c":"..","format":2,"epoch":"5f3a9c01d2","expired_through":0,"given_through":0}
//
// Written before there was a checksum it begins with `format`, and is believed.
struct LogMeta {
  Epoch epoch;
  Sequence expired_through = 0;  // retention dropped what is missing up to here
  Sequence given_through = 0;    // numbers up to here may have been shown to somebody
  int format = kLogFormat;       // that was read
};

// nullopt: no such file, or nothing in it that makes sense (a new epoch is due).
// invalid_argument, naming both numbers: written by a newer program.
Result<std::optional<LogMeta>> read_log_meta(FileSystem& files, const std::filesystem::path& path);

// In this program's format.  Whole or not at all, also when the power fails.
Status write_log_meta(FileSystem& files, const std::filesystem::path& path, const LogMeta& meta);

}  // namespace devs
