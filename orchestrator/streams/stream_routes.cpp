#include "orchestrator/streams/stream_routes.h"

#include <utility>
#include <vector>

#include "protocol/limits.h"

namespace devs {

namespace {

constexpr std::size_t kMaxStreamRequest = 16 * 1024;  // sixteen topics, or a number

// What may be asked of open streams.
void add_reader_routes(std::vector<Route>& rows, StreamHub& hub) {
  for (const char* const path : {"/trace/readers", "/api/streams"}) {
    Route list;
    list.pattern = path;
    list.handler = [&hub](Exchange& exchange) { hub.list(exchange); };
    rows.push_back(std::move(list));
    Route evict;
    evict.method = Method::del;
    evict.pattern = std::string(path) + "/{id}";
    evict.handler = [&hub](Exchange& exchange) { hub.evict(exchange); };
    rows.push_back(std::move(evict));
  }
  Route topics;
  topics.method = Method::post;
  topics.pattern = "/trace/streams/{id}/topics";
  topics.handler = [&hub](Exchange& exchange) { hub.change_topics(exchange); };
  topics.max_body = kMaxStreamRequest;
  topics.content_types = {"application/json"};
  rows.push_back(std::move(topics));
  Route step;
  step.method = Method::post;
  step.pattern = "/trace/streams/{id}/step";
  step.handler = [&hub](Exchange& exchange) { hub.step(exchange); };
  step.max_body = kMaxStreamRequest;
  step.body_optional = true;
  step.content_types = {"application/json"};
  rows.push_back(std::move(step));
}

}  // namespace

Status add_stream_routes(RouteTable& routes, StreamHub& hub, PublishEndpoint& publish,
                         TraceEndpoint& trace) {
  std::vector<Route> rows;
  for (const StreamProfile& profile : stream_profiles()) {
    Route row;
    row.pattern = std::string(profile.path);
    row.handler = [&hub, &profile](Exchange& exchange) { hub.open(exchange, profile); };
    row.is_stream = true;
    row.cors = profile.cors;
    row.credential = profile.credential;
    // Where a page resumes from before any event, and what it is asked for by.
    row.cors_expose = "X-Head-Event-Id, X-Stream-Id";
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

  add_reader_routes(rows, hub);
  for (Route& row : rows)
    if (Status added = routes.add(std::move(row)); !added.ok()) return added;
  return {};
}

}  // namespace devs
