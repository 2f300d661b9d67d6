#include "orchestrator/graph/graph_routes.h"

#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "orchestrator/graph/graph_answers.h"
#include "orchestrator/net/exchange.h"
#include "orchestrator/streams/stream_query.h"
#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

constexpr std::chrono::seconds kAnsweredWithin{20};  // longer than a full queue takes
constexpr std::size_t kMostListed = 1'000;           // `limit`

// What was asked of the graph, read; answered on another thread.
using Question = std::function<HttpAnswer(const GraphPicture&)>;
using Read = Question (*)(const RequestHead&, const GraphSources&, BadParameter&);

std::string name_in(const RequestHead& head, std::string_view name, BadParameter& bad) {
  const std::string* const value = head.query_param(name);
  if (value != nullptr && !value->empty() && value->size() <= kMaxToolNameBytes) return *value;
  if (bad.field.empty()) bad = {name, "must be the name of a tool, 1 to 128 bytes"};
  return {};
}

std::size_t limit_in(const RequestHead& head, std::size_t otherwise, BadParameter& bad) {
  const std::string* const text = head.query_param("limit");
  if (text == nullptr) return otherwise;
  std::size_t limit = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, limit);
  if (error == std::errc() && stop == end && limit >= 1 && limit <= kMostListed) return limit;
  if (bad.field.empty()) bad = {"limit", "must be a number from 1 to 1000"};
  return otherwise;
}

HttpAnswer unknown_tool(const std::string& tool) {
  return json_answer(404,
                     fmt::format(R"({{"error":"NOT_FOUND","tool_id":{}}})", json_string(tool)));
}

Question path_asked(const RequestHead& head, const GraphSources& from_where, BadParameter& bad) {
  std::string from = name_in(head, "from", bad), to = name_in(head, "to", bad);
  return [=, rule = from_where.graph.rule()](const GraphPicture& picture) {
    const auto source = picture.graph().find(from), target = picture.graph().find(to);
    if (!source || !target) return unknown_tool(source ? to : from);
    return json_answer(200, path_json(picture.graph(), *source, *target, rule));
  };
}

Question related_asked(const RequestHead& head, const GraphSources& sources, BadParameter& bad) {
  std::string tool = name_in(head, "tool_id", bad);
  const std::size_t limit = limit_in(head, 5, bad);
  return [=, rule = sources.graph.rule()](const GraphPicture& picture) {
    const auto node = picture.graph().find(tool);
    if (!node) return unknown_tool(tool);
    return json_answer(200, related_json(picture.graph(), *node, rule, limit));
  };
}

Question neighbors_asked(const RequestHead& head, const GraphSources&, BadParameter& bad) {
  std::string tool = name_in(head, "node_id", bad);
  const std::size_t limit = limit_in(head, 10, bad);
  return [=](const GraphPicture& picture) {
    const auto node = picture.graph().find(tool);
    if (!node) return unknown_tool(tool);
    return json_answer(200, neighbors_json(picture.graph(), *node, limit));
  };
}

Question community_asked(const RequestHead& head, const GraphSources&, BadParameter& bad) {
  std::string tool = name_in(head, "node_id", bad);
  const std::size_t limit = limit_in(head, 20, bad);
  return [=](const GraphPicture& picture) {
    const auto node = picture.graph().find(tool);
    if (!node) return unknown_tool(tool);
    return json_answer(200, community_json(picture, *node, limit));
  };
}

Question metrics_asked(const RequestHead& head, const GraphSources& sources, BadParameter& bad) {
  const std::string* const name = head.query_param("range");
  const MetricsRange* const range = metrics_range(name == nullptr ? "24h" : *name);
  if (range == nullptr) bad = {"range", "must be 1h, 24h or 7d"};
  const auto now = sources.clock.wall().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return [range, ms, &graph = sources.graph](const GraphPicture& picture) {
    return json_answer(200, metrics_json(picture, graph.history(), *range, ms));
  };
}

Question snapshot_asked(const RequestHead&, const GraphSources& sources, BadParameter&) {
  return [epoch = sources.epoch](const GraphPicture& picture) {
    return json_answer(200, snapshot_json(picture, encode_event_id(epoch, picture.applied())));
  };
}

Question export_asked(const RequestHead& head, const GraphSources& sources, BadParameter& bad) {
  const std::string* const given = head.query_param("format");
  const std::string format = given == nullptr ? "json" : *given;
  if (format == "json") return snapshot_asked(head, sources, bad);
  if (format != "graphml" && format != "csv") bad = {"format", "must be json, graphml or csv"};
  return [format](const GraphPicture& picture) {
    const bool csv = format == "csv";
    HttpAnswer file{.status = 200,
                    .type = ContentType::text,
                    .body = csv ? csv_of(picture.graph()) : graphml_of(picture.graph())};
    file.headers.emplace_back("Content-Disposition",
                              "attachment; filename=\"tool_graph." + format + '"');
    return file;
  };
}

HttpAnswer try_again(std::string_view reason) {
  HttpAnswer answer = error_answer(503, "UNAVAILABLE", reason);
  answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

// On a worker, once everything the picture tells is visible: nobody is told an id that
// the log may still lose.
void answer_when_visible(const GraphSources& sources, Question question, DeferredAnswer owed) {
  GraphPicturePtr picture = sources.graph.picture();
  if (!picture) return std::move(owed).send(try_again("graph_loading"));
  const Sequence through = picture->applied();
  sources.waiters.when_stored(
      through,
      [&workers = sources.workers, question = std::move(question), picture = std::move(picture),
       shared = std::make_shared<DeferredAnswer>(std::move(owed))](const Status& stored) {
        if (!stored.ok()) return std::move(*shared).send(try_again("recorder"));
        const Status taken = workers.try_submit(
            [question, picture, shared] { std::move(*shared).send(question(*picture)); });
        if (!taken.ok()) std::move(*shared).send(try_again("queries_busy"));
      });
}

HttpAnswer stats_answer(const StreamHub& hub) {
  return json_answer(200, fmt::format(R"({{"connected_clients":{},"uptime_seconds":{}}})",
                                      hub.readers_of("TG"), hub.uptime_s()));
}

}  // namespace

Status add_graph_routes(RouteTable& routes, const GraphSources& given) {
  struct Row {
    const char* pattern;
    Read read;
  };
  constexpr Row kRows[] = {{"/api/graph/snapshot", &snapshot_asked},
                           {"/api/graph/path", &path_asked},
                           {"/api/graph/related", &related_asked},
                           {"/api/graph/neighbors", &neighbors_asked},
                           {"/api/graph/community", &community_asked},
                           {"/api/graph/export", &export_asked},
                           {"/api/metrics", &metrics_asked}};
  // The graph is of everybody's calls.
  const auto for_operators = [](Handler handler) -> Handler {
    return [handler = std::move(handler)](Exchange& exchange) {
      if (exchange.principal().is_operator) return handler(exchange);
      exchange.respond(error_answer(403, "FORBIDDEN", "scope"));
    };
  };
  const auto sources = std::make_shared<const GraphSources>(given);
  for (const Row& row : kRows) {
    Route route;
    route.pattern = row.pattern;
    route.handler = for_operators([sources, read = row.read](Exchange& exchange) {
      BadParameter bad;
      Question question = read(exchange.head(), *sources, bad);
      if (!bad.field.empty()) return exchange.respond(bad_parameter(bad));
      answer_when_visible(*sources, std::move(question), exchange.defer(kAnsweredWithin));
    });
    if (Status added = routes.add(std::move(route)); !added.ok()) return added;
  }
  Route stats;
  stats.pattern = "/api/graph/stats";
  stats.handler = for_operators(
      [sources](Exchange& exchange) { exchange.respond(stats_answer(sources->hub)); });
  return routes.add(std::move(stats));
}

}  // namespace devs
