#include "orchestrator/streams/stream_profile.h"

#include <array>
#include <utility>

#include "protocol/wall_time.h"

namespace devs {
namespace {

void replace_all(std::string& text, std::string_view word, std::string_view by) {
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + by.size()))
    text.replace(at, word.size(), by);
}

}  // namespace

std::string fill_frames(std::string_view frames, const FrameWords& words) {
  std::string filled(frames);
  if (filled.find('<') == std::string::npos) return filled;
  const std::array<std::pair<std::string_view, std::string>, 5> known{
      {{"<uuid>", words.uuid},
       {"<clients>", std::to_string(words.clients)},
       {"<uptime_s>", std::to_string(words.uptime_s)},
       {"<now>", iso_of_ms(words.now_ms)},
       {"<now_ms>", std::to_string(words.now_ms)}}};
  for (const auto& [word, text] : known) replace_all(filled, word, text);
  return filled;
}

std::string fill_params(std::string_view pattern, const PathParams& params) {
  std::string filled(pattern);
  for (const auto& [name, value] : params) replace_all(filled, '{' + name + '}', value);
  return filled;
}

const std::vector<StreamProfile>& stream_profiles() {
  using std::chrono::seconds;
  static const std::vector<StreamProfile> kProfiles{
      {.key = "T",
       .path = "/trace/stream",
       .projection = "raw",
       .first = ": connected\n\n",
       .heartbeat = ": heartbeat\n\n",
       .credential = Credential::stream_or_query},
      {.key = "T",
       .path = "/stream",
       .projection = "raw",
       .first = ": connected\n\n",
       .heartbeat = ": heartbeat\n\n",
       .ids_are_uuids = true,
       .credential = Credential::stream_or_query},
      {.key = "K",
       .path = "/agent-console/stream",
       .projection = "console",
       .first = ": connected\n\n",
       .heartbeat = ": heartbeat\n\n",
       .credential = Credential::stream_or_query},
      {.key = "WS",
       .path = "/trace/ws",
       .projection = "websocket",
       .first = {},
       .heartbeat = {},
       .websocket = true},
      {.key = "R",
       .path = "/trace/replay",
       .projection = "raw",
       .first = ": connected\n\n",
       .heartbeat = ": heartbeat\n\n",
       .credential = Credential::stream_or_query,
       .timed = true},
      {.key = "EX",
       .path = "/api/analytics/traces/stream",
       .projection = "trace",
       .first = "data: {\"type\":\"connected\",\"timestamp\":\"<now>\","
                "\"message\":\"Connected to trace stream\"}\n\n"
                "data: {\"type\":\"subscribed\",\"timestamp\":\"<now>\","
                "\"message\":\"Subscribed to trace changes\"}\n\n",
       .heartbeat = "data: {\"type\":\"ping\",\"timestamp\":\"<now>\"}\n\n",
       .heartbeat_period = seconds(30),
       .cache_control = "no-cache, no-transform",
       .credential = Credential::stream_or_query,
       .topic = "owner:{principal}"},
      {.key = "TG",
       .path = "/events/stream",
       .projection = "named",
       .first = "event: connected\ndata: {\"client_id\":\"<uuid>\",\"connected_clients\":<clients>,"
                "\"timestamp\":\"<now>\"}\n\n",
       .heartbeat = "event: heartbeat\ndata: {\"connected_clients\":<clients>,"
                    "\"uptime_seconds\":<uptime_s>,\"timestamp\":\"<now>\"}\n\n",
       .heartbeat_period = seconds(30),
       .topic = "graph",
       .max_clients = 100,
       .cors = CorsPolicy::graph},
      // The room of channels knows their first frames: they name the client.
      {.key = "DB",
       .path = "/api/debates/{debateId}/stream",
       .projection = "named",
       .first = {},
       .heartbeat = ":heartbeat\n\n",
       .topic = "channel:debates/{debateId}",
       .cors = CorsPolicy::any,
       .framing = "named",
       .ends = {"complete"}},
      {.key = "DB",
       .path = "/api/debates/{debateId}/stream",
       .projection = "message",
       .first = {},
       .heartbeat = ":heartbeat\n\n",
       .topic = "channel:debates/{debateId}",
       .cors = CorsPolicy::any,
       .framing = "message",
       .ends = {"complete"}},
      {.key = "CH",
       .path = "/api/channels/{name}/{id}/stream",
       .projection = "named",
       .first = {},
       .heartbeat = ": heartbeat\n\n",
       .topic = "channel:{name}/{id}",
       .framing = "named",
       .ends = {"complete"}},
      {.key = "CH",
       .path = "/api/channels/{name}/{id}/stream",
       .projection = "message",
       .first = {},
       .heartbeat = ": heartbeat\n\n",
       .topic = "channel:{name}/{id}",
       .framing = "message",
       .ends = {"complete"}},
      {.key = "TK",
       .path = "/agent-to-agent/{org}/{agent}/tasks/{taskId}/stream",
       .projection = "agent",
       .first = "data: {\"event_type\":\"connected\",\"taskId\":\"{taskId}\","
                "\"message\":\"Stream connected\"}\n\n",
       .heartbeat = ": keepalive\n\n",
       .cache_control = "no-cache, no-transform",
       .topic = "task:{taskId}",
       .cors = CorsPolicy::any,
       .ends = {"TASK_COMPLETED", "TASK_FAILED", "TASK_CANCELLED"}},
      {.key = "TP",
       .path = "/tasks/{taskId}/progress",
       .projection = "task_progress",
       .first = "data: {\"taskId\":\"{taskId}\",\"status\":\"pending\",\"progress\":0,"
                "\"message\":\"\",\"timestamp\":\"<now>\"}\n\n",
       .heartbeat = ": keepalive\n\n",
       .cache_control = "no-cache, no-transform",
       .topic = "task:{taskId}",
       .cors = CorsPolicy::any,
       .ends = {"TASK_COMPLETED", "TASK_FAILED", "TASK_CANCELLED"}},
      {.key = "AD",
       .path = "/observability/stream",
       .projection = "admin",
       .first = ": connected\n\n",
       .heartbeat = ": heartbeat\n\n",
       .heartbeat_period = seconds(30),
       .cache_control = "no-cache, no-transform",
       .topic = "all",
       .operators_only = true},
  };
  return kProfiles;
}

}  // namespace devs
