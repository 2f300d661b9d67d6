#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocol/result.h"
#include "trace/file.h"
#include "trace/log_check.h"
#include "trace/side_index.h"

namespace devs {

// Lines as they lie in a plain file, held against what their side index says:
// trace.log, or a rolled segment.
struct PlainExam {
  SideHeader header;  // found, or worked out
  bool header_found = false;
  std::uint64_t count = 0;        // entries, those that are lost among them
  std::uint64_t good = 0;         // lines that are what their marks say
  std::uint64_t marked_lost = 0;  // the index itself says that these are lost
  std::uint64_t bytes = 0;        // of both files
  std::vector<LogFault> faults;

  Sequence last() const { return header.base + count - 1; }
};

struct PlainFiles {
  std::filesystem::path log, index;
  std::string log_name, index_name;  // as faults call them
  Sequence base = 1;                 // when the index does not say
  bool index_due = true;             // false: logs of format 1 have none
};

// Ok when the disk gives all of the side index at `path`, whatever it says.
Status try_index(FileSystem& files, const std::filesystem::path& path);

// What the disk does not give is a fault as well; invalid_argument: a newer program's.
Result<PlainExam> examine_plain(FileSystem& files, const PlainFiles& which,
                                const std::function<void(std::uint64_t)>& on_bytes);

}  // namespace devs
