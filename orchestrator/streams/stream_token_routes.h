#pragma once

#include "orchestrator/access/stream_tokens.h"
#include "orchestrator/net/route_table.h"
#include "protocol/result.h"

namespace devs {

// Stream tokens over HTTP (streams 2.2), for whoever has a bearer, or in an open house:
//
//   POST /api/stream-tokens {"scope":["task:t-42"],"ttl_seconds":600}
//     201 {"success":true,"token":"...","expiresAt":"ISO","scope":[...]}; 400, 403 when
//     the caller may not follow a topic itself, 429
//   DELETE /api/stream-tokens/{jti}
//     204, also for one there never was; 400, 429, 503
//
// REQUIRES: `tokens` outlives the routes.
Status add_stream_token_routes(RouteTable& routes, StreamTokens& tokens);

}  // namespace devs
