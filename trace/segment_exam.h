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
#include "trace/segment_format.h"

namespace devs {

// Bytes of a data file that are in no good block and no good footer.
struct BadBytes {
  std::uint64_t offset = 0, bytes = 0;
};

// A sealed segment read from the first byte to the last, against its sidecar where that
// one holds, and else by what the data file says of itself.
struct SegmentExam {
  bool has_data = false, has_sidecar = false;
  bool sidecar_holds = false;
  bool foreign = false;  // the data file is that of another segment
  // Of the sidecar when it holds, else of the footer; nullopt: neither does.
  std::optional<SegmentHead> head;
  std::vector<Loss> losses;          // declared in it
  std::vector<SegmentBlock> blocks;  // proved, in order
  std::vector<BadBytes> bad;
  std::string sidecar_sha256;  // of the file as it lies there; empty: there is none
  // What the sidecar should be; empty: the data file is not whole.
  std::string right_sidecar;
  std::vector<LogFault> faults;

  std::uint64_t entries() const;  // proved
};

// `on_bytes` hears how many more bytes were read.  What the disk does not give is a fault
// as well; invalid_argument: a newer program wrote it.
Result<SegmentExam> examine_segment(FileSystem& files, const std::filesystem::path& segments,
                                    Sequence base,
                                    const std::function<void(std::uint64_t)>& on_bytes);

}  // namespace devs
