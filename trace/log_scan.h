#pragma once

#include <cstdint>

#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/file.h"
#include "trace/line_table.h"
#include "trace/side_index.h"

namespace devs {

// An NDJSON file and its sidecar, put together after a crash or worse.
//
// What the sidecar knows stays known, whatever became of its lines: their sequences were
// given, and reading them says that they are lost.  Lines it does not know (the process
// died between the two writes, or the sidecar is damaged or gone) are entries when they
// are whole JSON objects; others are lost when good ones follow, and else a torn tail,
// which nobody was ever told of.
struct LogScan {
  SideHeader header;  // found, or worked out
  bool header_found = false;
  LineTable table;                // of everything but the torn tail
  LogCarry carry;                 // as the last record says
  std::uint64_t adopted = 0;      // lines the sidecar did not know
  bool index_right = false;       // the sidecar says just this; else it is to be made anew
  std::uint64_t index_bytes = 0;  // its size, when it is right
  std::uint64_t log_bytes = 0;    // size of the file: more than the table's: torn tail;
                                  // less: lines the sidecar knows are gone
};

struct ScanHints {
  // What the sidecar says when there is one.
  Epoch epoch = {};
  Sequence base = 1;
  LogCarry carry = {};
  std::int64_t now_ms = 0;      // stored_ms of adopted lines, when no earlier one is known
  Sequence end = ~Sequence{0};  // entries from here on are somewhere else
};

// `log` or `index` null: there is no such file.  Fails when the disk does not give what is
// there: then nothing is known of it, and nothing to be mended.
Result<LogScan> scan_log(const File* log, const File* index, const ScanHints& hints);

}  // namespace devs
