#pragma once

#include "orchestrator/net/route_table.h"
#include "orchestrator/streams/publish_endpoint.h"
#include "orchestrator/streams/stream_hub.h"
#include "orchestrator/streams/trace_endpoint.h"

namespace devs {

// Adds the rows of this room: GET for every stream profile; `GET /trace/readers` and
// `DELETE /trace/readers/{id}` (also as `/api/streams`); `POST` of
// `/trace/streams/{id}/topics` and `/trace/streams/{id}/step`; `POST /trace/publish`,
// `GET /trace/log`, `GET /trace/envelopes/{id}`.  REQUIRES: all outlive the table.
Status add_stream_routes(RouteTable& routes, StreamHub& hub, PublishEndpoint& publish,
                         TraceEndpoint& trace);

}  // namespace devs
