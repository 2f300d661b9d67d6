#pragma once

#include <memory>
#include <vector>

#include "orchestrator/agents/agent_keeper.h"
#include "orchestrator/streams/projection.h"
#include "orchestrator/streams/stream_routes.h"

namespace devs {

// How the streams TK, TP and AD show entries: `agent`, `task_progress` and `admin`.
// REQUIRES: `tasks` outlives the hub that has them.
std::vector<std::shared_ptr<const Projection>> agent_projections(const AgentTaskTable& tasks);

// How they open (streams 3.3): TK with the newest entries of the task and, when it has
// ended, its end; TP with its state; AD with the newest entries that match.
// `require_existing`: 404 for a task there is not; else the stream waits for it.
// REQUIRES: `keeper` and `bus` outlive the routes.
void add_agent_openers(StreamOpeners& openers, AgentKeeper& keeper, const TraceStreamBus& bus,
                       bool require_existing);

}  // namespace devs
