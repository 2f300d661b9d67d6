#include "orchestrator/streams/stream_profile.h"

#include <array>
#include <utility>

#include "protocol/wall_time.h"

namespace devs {

std::string fill_frames(std::string_view frames, const FrameWords& words) {
  std::string filled(frames);
  if (filled.find('<') == std::string::npos) return filled;
  const std::array<std::pair<std::string_view, std::string>, 4> known{
      {{"<uuid>", words.uuid},
       {"<clients>", std::to_string(words.clients)},
       {"<uptime_s>", std::to_string(words.uptime_s)},
       {"<now>", iso_of_ms(words.now_ms)}}};
  for (const auto& [word, text] : known)
    for (std::size_t at = filled.find(word); at != std::string::npos;
         at = filled.find(word, at + text.size()))
      filled.replace(at, word.size(), text);
  return filled;
}

const std::vector<StreamProfile>& stream_profiles() {
  using std::chrono::seconds;
  static const std::vector<StreamProfile> kProfiles{
      {.key = "T",
       .path = "/trace/stream",
       .projection = Projection::raw,
       .first = ": connected\n\n",
       .heartbeat = ": heartbeat\n\n",
       .heartbeat_period = seconds(15),
       .cache_control = "no-cache",
       .ids_are_uuids = false,
       .credential = Credential::stream_or_query},
      {.key = "T",
       .path = "/stream",
       .projection = Projection::raw,
       .first = ": connected\n\n",
       .heartbeat = ": heartbeat\n\n",
       .heartbeat_period = seconds(15),
       .cache_control = "no-cache",
       .ids_are_uuids = true,
       .credential = Credential::stream_or_query},
      {.key = "K",
       .path = "/agent-console/stream",
       .projection = Projection::console,
       .first = ": connected\n\n",
       .heartbeat = ": heartbeat\n\n",
       .heartbeat_period = seconds(15),
       .cache_control = "no-cache",
       .ids_are_uuids = false,
       .credential = Credential::stream_or_query},
      {.key = "R",
       .path = "/trace/replay",
       .projection = Projection::raw,
       .first = ": connected\n\n",
       .heartbeat = ": heartbeat\n\n",
       .heartbeat_period = seconds(15),
       .cache_control = "no-cache",
       .ids_are_uuids = false,
       .credential = Credential::stream_or_query,
       .timed = true},
      {.key = "TG",
       .path = "/events/stream",
       .projection = Projection::named,
       .first = "event: connected\ndata: {\"client_id\":\"<uuid>\",\"connected_clients\":<clients>,"
                "\"timestamp\":\"<now>\"}\n\n",
       .heartbeat = "event: heartbeat\ndata: {\"connected_clients\":<clients>,"
                    "\"uptime_seconds\":<uptime_s>,\"timestamp\":\"<now>\"}\n\n",
       .heartbeat_period = seconds(30),
       .cache_control = "no-cache",
       .topic = "graph",
       .max_clients = 100,
       .cors = CorsPolicy::graph},
  };
  return kProfiles;
}

}  // namespace devs
