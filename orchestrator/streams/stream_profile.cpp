#include "orchestrator/streams/stream_profile.h"

namespace devs {

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
  };
  return kProfiles;
}

}  // namespace devs
