#include "orchestrator/streams/stream_routes.h"

#include <utility>
#include <vector>

#include "protocol/limits.h"

namespace devs {

Status add_stream_routes(RouteTable& routes, StreamHub& hub, PublishEndpoint& publish,
                         TraceEndpoint& trace) {
  std::vector<Route> rows;
  for (const StreamProfile& profile : stream_profiles()) {
    Route row;
    row.pattern = std::string(profile.path);
    row.handler = [&hub, &profile](Exchange& exchange) { hub.open(exchange, profile); };
    row.is_stream = true;
    row.cors_expose = "X-Head-Event-Id";  // where a page resumes from before any event
    rows.push_back(std::move(row));
  }
  Route post;
  post.method = Method::post;
  post.pattern = "/trace/publish";
  post.handler = [&publish](Exchange& exchange) { publish.handle(exchange); };
  post.max_body = kEnvelopeJson.bytes;
  post.content_types = {"application/json", "application/x-ndjson"};
  rows.push_back(std::move(post));

  Route log;
  log.pattern = "/trace/log";
  log.handler = [&trace](Exchange& exchange) { trace.log(exchange); };
  rows.push_back(std::move(log));

  Route envelope;
  envelope.pattern = "/trace/envelopes/{id}";
  envelope.handler = [&trace](Exchange& exchange) { trace.envelope(exchange); };
  rows.push_back(std::move(envelope));

  for (Route& row : rows)
    if (Status added = routes.add(std::move(row)); !added.ok()) return added;
  return {};
}

}  // namespace devs
