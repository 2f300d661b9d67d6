#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/envelope.h"
#include "protocol/ids.h"
#include "trace/entry.h"

namespace devs {

// Reads the end of an existing log once, at start: which of our actions have no
// observation (the process died inside them), and the largest stamp of ours.
//
// Only envelopes this house wrote count: a host's action may still be waiting for
// its host.  Confined to the thread that opens the log.
class CallRecovery {
 public:
  // `last_stamp_ns`: of what comes before the lines to be seen.
  explicit CallRecovery(std::int64_t last_stamp_ns = 0) : last_stamp_ns_(last_stamp_ns) {}

  // `topics`: those the line carries; what ends it carries them too.
  void see(std::string_view line, std::string_view topics = {});

  // One observation ABANDONED per open action, in log order (SAOP 4.3).
  std::vector<Draft> abandoned() const;
  std::int64_t last_stamp_ns() const { return last_stamp_ns_; }

 private:
  struct Open {
    std::uint64_t order;
    std::string line, topics;
  };
  // By span_id, which is ours and random; a tool_call_id may be a host's and repeat.
  std::unordered_map<std::string, Open> open_;
  std::uint64_t seen_ = 0;
  std::int64_t last_stamp_ns_;
};

}  // namespace devs
