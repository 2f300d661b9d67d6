#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/net/request_head.h"
#include "protocol/ids.h"

namespace devs {

// What the log holds at the moment a reader comes.
struct LogSpan {
  std::string_view epoch;
  Sequence oldest = 1;  // first entry kept anywhere, ring or disk
  Sequence head = 0;    // last visible one
};

// Where a reader begins, and what it is told first.
struct ResumePoint {
  Sequence next = 1;   // the entry it wants first
  std::string frames;  // `reset` or `gap`; usually empty
};

// The resume rules of streams 1.2: never a refusal, never a silent jump, never a
// full replay by accident.  Pure.
ResumePoint resume_point(const RequestHead& head, const LogSpan& log);

}  // namespace devs
