#pragma once

#include <string>
#include <vector>

#include "orchestrator/access/stream_tokens.h"
#include "orchestrator/agents/agent_keeper.h"
#include "orchestrator/agents/agent_tasks.h"
#include "orchestrator/net/route_table.h"
#include "orchestrator/net/worker_pool.h"

namespace devs {

struct AgentSources {
  AgentTasks& tasks;
  AgentKeeper& keeper;
  StreamTokens& tokens;
  const StoredLog& stored;
  WorkerPool& workers;  // where the history is read
  const Clock& clock;
  Log& log;
  Metrics& metrics;
  std::vector<std::string> trusted_proxies = {};  // see public_base()
};

// The rows of streams 5 that are no streams:
//
//   POST   /agent-to-agent/{org}/{agent}/tasks
//   POST   /agent-to-agent/{org}/{agent}/tasks/{taskId}/stream-token
//   POST   /agent-to-agent/{org}/{agent}/tasks/{taskId}/complete
//   GET    /agent-to-agent/{org}/{agent}/health
//   GET    /tasks  /tasks/active  /tasks/metrics
//   GET    /tasks/{taskId}  /tasks/{taskId}/status  /tasks/{taskId}/messages
//   PUT    /tasks/{taskId}  /tasks/{taskId}/progress
//   DELETE /tasks/{taskId}
//   POST   /webhooks/status
//   GET    /observability/history
//
// A task of another owner is 404 to whoever is no operator.
//
// REQUIRES: all outlive the table.
Status add_agent_routes(RouteTable& routes, AgentSources sources);

}  // namespace devs
