#include "orchestrator/streams/stream_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/streams/stream_query.h"
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

using Framings = std::vector<const StreamProfile*>;  // of one path; the first is the default

std::vector<Framings> by_path(const std::vector<StreamProfile>& table) {
  std::vector<Framings> paths;
  for (const StreamProfile& profile : table) {
    const auto same = std::ranges::find_if(paths, [&profile](const Framings& framings) {
      return framings.front()->path == profile.path;
    });
    if (same == paths.end()) {
      paths.push_back({&profile});
    } else {
      same->push_back(&profile);
    }
  }
  return paths;
}

void open_stream(StreamHub& hub, const Framings& framings, const StreamOpener& opener,
                 Exchange& exchange) {
  const std::string* const asked = exchange.head().query_param("framing");
  if (asked == nullptr || framings.front()->framing.empty())
    return hub.open(exchange, *framings.front(), opener);
  const auto row = std::ranges::find(framings, *asked, &StreamProfile::framing);
  if (row != framings.end()) return hub.open(exchange, **row, opener);
  std::string message = "must be one of:";
  for (const StreamProfile* const each : framings) message += ' ' + each->framing;
  exchange.respond(bad_parameter({"framing", message}));
}

Route stream_route(StreamHub& hub, const Framings& framings, const StreamOpener& opener) {
  const StreamProfile& profile = *framings.front();
  Route row;
  row.pattern = profile.path;
  row.handler = [&hub, framings, opener](Exchange& exchange) {
    open_stream(hub, framings, opener, exchange);
  };
  row.is_stream = true;
  row.cors = profile.cors;
  row.credential = profile.credential;
  // Where a page resumes from before any event, what it is asked for by, when it may come back.
  row.cors_expose = "X-Head-Event-Id, X-Stream-Id, Retry-After";
  return row;
}

Status add_profiles(RouteTable& routes, StreamHub& hub, const std::vector<StreamProfile>& table,
                    const StreamOpeners& openers) {
  for (const Framings& framings : by_path(table)) {
    // The room that would show it is not in this house.
    if (!std::ranges::all_of(framings, [&hub](const StreamProfile* each) {
          return hub.knows_projection(each->projection);
        }))
      continue;
    const auto opener = openers.find(framings.front()->key);
    Status added = routes.add(
        stream_route(hub, framings, opener == openers.end() ? StreamOpener() : opener->second));
    if (!added.ok()) return added;
  }
  return {};
}

}  // namespace

Status add_stream_routes(RouteTable& routes, StreamHub& hub, PublishEndpoint& publish,
                         TraceEndpoint& trace, const StreamOpeners& openers) {
  if (Status added = add_profiles(routes, hub, stream_profiles(), openers); !added.ok())
    return added;
  std::vector<Route> rows;
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
  log.cors_expose = "X-Next-Event-Id, X-Gap, Retry-After";
  rows.push_back(std::move(log));

  Route envelope;
  envelope.pattern = "/trace/envelopes/{id}";
  envelope.handler = [&trace](Exchange& exchange) { trace.envelope(exchange); };
  envelope.cors_expose = "X-Event-Id, Retry-After";
  rows.push_back(std::move(envelope));

  add_reader_routes(rows, hub);
  for (Route& row : rows)
    if (Status added = routes.add(std::move(row)); !added.ok()) return added;
  return {};
}

Status add_own_stream_routes(RouteTable& routes, StreamHub& hub,
                             const std::vector<StreamProfile>& own) {
  for (const StreamProfile& each : own)
    if (!hub.knows_projection(each.projection))
      return {Code::invalid_argument,
              fmt::format("stream {}: nobody knows the projection {}", each.path, each.projection)};
  return add_profiles(routes, hub, own, {});
}

}  // namespace devs
