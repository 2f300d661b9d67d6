#pragma once

#include <filesystem>
#include <optional>

#include "protocol/ids.h"
#include "protocol/result.h"

namespace devs {

// `trace.meta`: {"format":1,"epoch":"5f3a9c01d2"}, one line.  What the log
// cannot say by itself.
struct LogMeta {
  Epoch epoch;
};

// The layout of the directory as this program writes it.
inline constexpr int kLogFormat = 1;

// nullopt: no such file, or nothing in it that makes sense (a new epoch is due).
// invalid_argument, naming both numbers: written by a newer program.
Result<std::optional<LogMeta>> read_log_meta(const std::filesystem::path& path);

// Whole or not at all, also when the power fails: beside it, synced, renamed.
Status write_log_meta(const std::filesystem::path& path, const LogMeta& meta);

}  // namespace devs
