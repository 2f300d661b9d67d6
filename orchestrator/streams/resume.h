#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/net/request_head.h"
#include "orchestrator/streams/control_event.h"
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
  // fresh: nothing was asked; end: that of a replay.
  enum class From { fresh, now, oldest, id, end, reset };

  From from = From::fresh;
  Sequence next = 1;  // the entry it wants first
  std::optional<ControlEvent> reset = std::nullopt;
};

// The resume rules of streams 1.2: never a refusal, never a silent jump, never a
// full replay by accident.  Pure.
ResumePoint resume_point(const RequestHead& head, const LogSpan& log);
// The same for an id that came otherwise.
ResumePoint resume_after(std::string_view id, const LogSpan& log);

}  // namespace devs
