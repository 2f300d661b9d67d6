#pragma once

#include <optional>

#include "orchestrator/streams/stream_query.h"
#include "orchestrator/streams/timed_replay.h"
#include "trace/stored_log.h"

namespace devs {

// `from`, `to`, `speed` and `step` of a timed replay.  `from` and `to` are event ids of
// this log, both included, or times of recording (ISO in UTC, or ms since 1970);
// without them, from the oldest kept entry to `head`.  `speed` is 1 (the default), 10
// or max; `step=1` waits for permission instead.  nullopt, and `bad` says why.
//
// Asks the log for times: for workers.
std::optional<TimedReplay::Options> replay_of(const RequestHead& request, const StoredLog& log,
                                              std::string_view epoch, Sequence head,
                                              BadParameter& bad);

}  // namespace devs
