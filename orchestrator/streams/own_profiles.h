#pragma once

#include <string>
#include <vector>

#include "orchestrator/streams/stream_profile.h"
#include "protocol/json.h"

namespace devs {

// Each stream that opens looks for its row.
inline constexpr std::size_t kMaxOwnProfiles = 64;

// `streams` of the config file, kinds of stream of the user's own:
//   [{"name":"builds", "path":"/builds/{id}/stream", "topic":"channel:builds/{id}",
//     "framing":"named", "heartbeat_ms":15000, "max_clients":100}]
// `topic` is a topic whose id may be a parameter of the path; `framing` `raw` (default),
// `named`, `message` or `console`; a heartbeat of 100 ms to 30 s (default 15 s); without
// `max_clients` only the caps of all hold.  Empty when it was taken, else what was
// expected and where.
std::string read_own_profiles(JsonView list, std::vector<StreamProfile>& profiles);

}  // namespace devs
