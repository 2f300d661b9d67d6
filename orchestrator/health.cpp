#include "orchestrator/health.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <utility>

#include "orchestrator/bus_metrics.h"
#include "orchestrator/metric_words.h"
#include "orchestrator/net/exchange.h"
#include "protocol/json.h"

namespace devs {
namespace {

// A disk that hangs shows in no refusal.  Five seconds are more than what a busy disk
// takes (its p99 is 4 ms) and less than what a publisher waits for its answer.
constexpr std::chrono::seconds kSlowDisk(5);

// Why nothing more can be recorded, or only late; empty: it can.
std::string recorder_trouble(const TraceStreamBus& bus) {
  if (Status recorder = bus.recorder_status(); !recorder.ok()) return recorder.message();
  const TraceStreamBus::Report report = bus.report();
  if (!report.room.ok()) return report.room.message();
  if (report.oldest_unstored < kSlowDisk) return {};
  return fmt::format(
      "the disk is slow: {} entries wait for it, the oldest for {} s", report.unstored_entries,
      std::chrono::duration_cast<std::chrono::seconds>(report.oldest_unstored).count());
}

HttpAnswer readiness(const HealthSources& sources) {
  std::string reasons;
  const auto add = [&reasons](std::string_view what, std::string_view why) {
    if (!reasons.empty()) reasons += ',';
    reasons += "{\"part\":" + json_string(what) + ",\"reason\":" + json_string(why) + "}";
  };
  if (const std::string trouble = recorder_trouble(sources.bus); !trouble.empty())
    add("recorder", trouble);
  if (sources.draining()) add("server", "shutting down");
  if (sources.shedding()) add("http", "shedding load");
  if (reasons.empty()) return json_answer(200, R"({"status":"ready"})");
  return json_answer(503, "{\"status\":\"not ready\",\"reasons\":[" + reasons + "]}");
}

HttpAnswer upstream_page(const std::vector<UpstreamState>& upstreams) {
  std::string body = "{\"upstreams\":[";
  for (const UpstreamState& one : upstreams) {
    if (body.back() != '[') body += ',';
    body += "{\"server\":" + json_string(one.key) + ",\"state\":" + json_string(one.state) +
            ",\"revision\":" + json_string(one.revision) + ",\"pid\":" + std::to_string(one.pid) +
            ",\"tools\":" + std::to_string(one.tools) +
            ",\"in_flight\":" + std::to_string(one.in_flight) +
            ",\"restarts\":" + std::to_string(one.restarts) +
            ",\"last_error\":" + json_string(one.last_error) + "}";
  }
  return json_answer(200, body + "]}");
}

HttpAnswer text_answer(std::string text) {
  HttpAnswer answer;
  answer.type = ContentType::text;
  answer.body = std::move(text);
  return answer;
}

Route row(std::string path, Credential credential, Handler handler) {
  Route route;
  route.method = Method::get;
  route.pattern = std::move(path);
  route.handler = std::move(handler);
  route.credential = credential;
  return route;
}

}  // namespace

Status add_health_routes(RouteTable& routes, HealthSources given) {
  auto sources = std::make_shared<const HealthSources>(std::move(given));
  const TimePoint began = sources->clock.steady();
  std::vector<Route> rows;
  rows.push_back(row("/healthz", Credential::none, [](Exchange& exchange) {
    exchange.respond(json_answer(200, R"({"status":"ok"})"));
  }));
  rows.push_back(row("/readyz", Credential::none,
                     [sources](Exchange& exchange) { exchange.respond(readiness(*sources)); }));
  rows.push_back(row("/health", Credential::none, [sources, began](Exchange& exchange) {
    const auto up =
        std::chrono::duration_cast<std::chrono::seconds>(sources->clock.steady() - began);
    exchange.respond(
        json_answer(200, R"({"status":"ok","serverName":"mcp-orchestrator","uptime":)" +
                             std::to_string(up.count()) + "}"));
  }));
  describe_metrics(sources->metrics);
  auto of_bus = std::make_shared<const BusMetrics>(sources->metrics, sources->bus);
  rows.push_back(row("/metrics", Credential::bearer, [sources, of_bus](Exchange& exchange) {
    of_bus->refresh();
    HttpAnswer answer = text_answer(sources->metrics.text());
    answer.type = ContentType::metrics;
    exchange.respond(std::move(answer));
  }));
  rows.push_back(row("/upstreams", Credential::bearer, [sources](Exchange& exchange) {
    exchange.respond(upstream_page(sources->upstreams()));
  }));
  for (Route& each : rows)
    if (Status added = routes.add(std::move(each)); !added.ok()) return added;
  return {};
}

}  // namespace devs
