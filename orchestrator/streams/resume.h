#pragma once

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

// Where a reader begins, and what it is told first.  What is not kept any more is
// declared where it is read, so that one `gap` says all of it.
struct ResumePoint {
  enum class From { now, oldest, id, end, reset };  // end: that of a replay

  From from = From::now;
  Sequence next = 1;   // the entry it wants first
  std::string frames;  // `reset`, or empty
};

// The resume rules of streams 1.2: never a refusal, never a silent jump, never a
// full replay by accident.  Pure.
ResumePoint resume_point(const RequestHead& head, const LogSpan& log);

}  // namespace devs
