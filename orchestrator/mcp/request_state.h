#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/access/seal.h"
#include "orchestrator/calls/tool.h"
#include "protocol/json.h"

namespace devs {

// What one round of a multi round-trip request leaves to the next: sealed into
// `requestState`, so that nothing is kept here and any request may be the next
// (MCP page 7.5).
struct RequestState {
  ClientSide client;       // answers so far, state, round; not what it declared
  std::string first_call;  // tool_call_id of the first round, or empty
};

// Of which request it is the state: of the same principal, method, name and arguments.
struct StateOwner {
  std::string_view principal, method, name, arguments;
};

// Milliseconds since 1970.  The state is good until `now_ms` + 600 s.
std::string seal_state(const Seal& seal, const StateOwner& owner, const RequestState& state,
                       std::int64_t now_ms);
// Nullopt: altered, expired, or of another request; the caller learns no more.
std::optional<RequestState> open_state(const Seal& seal, const StateOwner& owner,
                                       std::string_view sealed, std::int64_t now_ms);

}  // namespace devs
