#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/file.h"
#include "trace/log.h"

namespace devs {

// One thing wrong with a log directory, as `trace verify` prints it.
struct LogFault {
  std::string file;                // relative to the directory
  std::uint64_t offset = 0;        // of the first bad byte, as exactly as checksums can tell
  Sequence from = 0, through = 0;  // entries concerned; 0: unknown
  std::string what;                // "block 3 fails its CRC32C"
  bool repairable = false;
};

struct CheckProgress {
  std::uint64_t done_bytes = 0, total_bytes = 0;
  std::string file;  // the one being read
};
using OnProgress = std::function<void(const CheckProgress&)>;

struct CheckReport {
  std::uint64_t segments = 0, entries = 0, bytes = 0;  // read and proved
  Sequence first = 0, last = 0;
  std::uint64_t lost = 0;        // entries that were lost, and are declared so
  std::uint64_t repaired = 0;    // segments that repair sealed anew, and say so
  std::vector<LogFault> faults;  // in the order of the log; empty: everything holds
};

// Reads everything and proves every checksum, every SHA-256, the chain from segment to
// segment, that sequences are dense, and that trace.idx agrees with trace.log.  Changes
// nothing.  For a directory nobody writes to: what is being written looks torn.
//
// not_found: there is no log.  invalid_argument: a newer program wrote it.
Result<CheckReport> check_log(FileSystem& files, const std::filesystem::path& dir,
                              const OnProgress& on_progress);

// Mends what can be mended without inventing anything: rebuilds sidecars from their
// data, cuts a torn tail, moves damaged blocks to `quarantine/` and seals the segment
// anew around them (the loss stays declared).  Takes the directory lock.  Returns what
// it did, one sentence each.
Result<std::vector<std::string>> repair_log(FileSystem& files, const std::filesystem::path& dir,
                                            Log& log, const OnProgress& on_progress);

}  // namespace devs
