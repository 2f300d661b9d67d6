#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "orchestrator/agents/agent_task_table.h"
#include "orchestrator/net/request_head.h"
#include "orchestrator/streams/stream_query.h"
#include "trace/stored_log.h"

namespace devs {

// GET /observability/history (streams 5): what was stored of a stretch of time.
struct HistoryAsked {
  std::int64_t since_ms = 0, until_ms = 0;  // both included
  std::size_t limit = 1'000;
  std::optional<std::string> owner;  // nullopt: everybody's
};
// `since` is an hour before `now_ms` when it is absent, `until` is open then; `limit` is
// clamped to 1..5000.  nullopt: `bad` says which is no number.
std::optional<HistoryAsked> read_history(const RequestHead& head, std::optional<std::string> owner,
                                         std::int64_t now_ms, BadParameter& bad);

// {"events":[records of the admin stream],"count":n}, oldest first: the first `limit` of
// them, or fewer when that would be more than kMaxHistoryBytes.  Reads files.
inline constexpr std::size_t kMaxHistoryBytes = 16 * 1024 * 1024;
std::string history_json(const HistoryAsked& asked, const StoredLog& log,
                         const AgentTaskTable& tasks);

}  // namespace devs
