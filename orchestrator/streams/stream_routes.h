#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "orchestrator/net/route_table.h"
#include "orchestrator/streams/publish_endpoint.h"
#include "orchestrator/streams/stream_hub.h"
#include "orchestrator/streams/trace_endpoint.h"

namespace devs {

// By the key of a profile.
using StreamOpeners = std::map<std::string, StreamOpener, std::less<>>;

// Adds the rows of this room: GET for every stream profile; `GET
// /trace/readers` and `DELETE /trace/readers/{id}` (also as `/api/streams`); `POST` of
// `/trace/streams/{id}/topics` and `/trace/streams/{id}/step`; `POST /trace/publish`,
// `GET /trace/log`, `GET /trace/envelopes/{id}`.  A profile
// whose projection the hub does not know is of a room that is not there, and left out.
// REQUIRES: all outlive the table.
Status add_stream_routes(RouteTable& routes, StreamHub& hub, PublishEndpoint& publish,
                         TraceEndpoint& trace, const StreamOpeners& openers = {});
// The user's own kinds of stream, behind all other rows: none is taken away.  Refuses one
// whose projection the hub does not know.
// REQUIRES: `own` outlives the hub.
Status add_own_stream_routes(RouteTable& routes, StreamHub& hub,
                             const std::vector<StreamProfile>& own);

}  // namespace devs
