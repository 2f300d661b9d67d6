#pragma once

#include <functional>
#include <memory>

#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/net/sse_provider.h"

namespace devs {

// A connection that reads `reading` of `shelf`; when it is over, its session (if
// any) counts as used until then, and `on_over` is called.
StreamStart start_session_stream(const McpHousePtr& house, SessionPtr session,
                                 std::shared_ptr<StreamShelf> shelf, StreamShelf::Reading reading,
                                 std::function<void()> on_over = {});

// Tells a client whose standalone stream is read that the tools have changed,
// unless it knows.
void tell_tools_changed(McpHouse& house, Session& session);

}  // namespace devs
