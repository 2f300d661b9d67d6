#pragma once

#include <memory>
#include <optional>
#include <string>

#include "orchestrator/net/stored_waiters.h"
#include "orchestrator/query/query_routes.h"
#include "orchestrator/query/trace_index.h"
#include "orchestrator/traces/span_ingest.h"
#include "tests/orchestrator/query/spans_kit.h"
#include "tests/support/broken_file.h"
#include "tests/support/live_front.h"
#include "trace/flight_log.h"
#include "trace/flight_recorder.h"

namespace devs {

// Spans over HTTP, with a real log, recorder and index; the clock of the rate is the test's.
// `X-Guest: <name>` says who asks; without it the house is open.
class TracesHouse {
 public:
  TracesHouse()
      : flight(FlightLog::open({.dir = dir.path(), .files = &disk}, lines).value()),
        bus({.last = flight->last()}, system_clock()),
        recorder(bus, *flight, nullptr, lines, metrics, {.retry = std::chrono::milliseconds(5)}),
        index({.dir = dir.path(), .visible = [this] { return bus.head(); }}, *flight,
              flight->epoch(), lines, metrics),
        queries(index.readers(), *flight, flight->epoch()),
        workers({.name = "query", .threads = 1, .queue_capacity = 16}),
        live({.authorize = [](Exchange& exchange, const Route&) -> std::optional<HttpAnswer> {
               const std::string_view guest = exchange.head().field("x-guest");
               if (!guest.empty()) exchange.set_principal({std::string(guest), guest == "boss"});
               return std::nullopt;
             }},
             [this](LiveFront& front) { return routes(front); }) {}
  ~TracesHouse() {
    disk.mend();
    workers.stop();  // as the server does: who answers is gone before the reactor
    live.end();
    bus.close();
    recorder.stop();
  }

  static std::string as(std::string_view guest) {
    return guest.empty() ? std::string() : "X-Guest: " + std::string(guest) + "\r\n";
  }
  RawAnswer send(const std::string& columns, std::string_view guest = {}) {
    return live.post("/api/analytics/traces", "{" + columns + "}", as(guest));
  }
  Answered list(const std::string& query = "", std::string_view guest = {}) {
    const RawAnswer answer = live.get("/api/analytics/traces/list" + query, as(guest));
    CHECK(answer.status == 200);
    return Answered(answer.body);
  }
  Answered spans(const std::string& query, std::string_view guest = {}) {
    const RawAnswer answer = live.get("/api/analytics/traces" + query, as(guest));
    CHECK(answer.status == 200);
    return Answered(answer.body);
  }
  // The envelopes of the log.
  std::vector<std::string> told() {
    std::vector<std::string> bodies;
    (void)flight->read(1, {},
                       [&bodies](const StoredLine& line) { bodies.emplace_back(line.body); });
    return bodies;
  }

  TempDir dir;
  BrokenDisk disk;
  KeptLog lines;
  Metrics metrics;
  const std::unique_ptr<FlightLog> flight;
  TraceStreamBus bus;
  FlightRecorder recorder;
  TraceIndex index;
  TraceQueries queries;
  WorkerPool workers;
  std::unique_ptr<StoredWaiters> waiters;  // on the front's reactor, as is what they wait for
  std::unique_ptr<SpanIngest> ingest;
  LiveFront live;

 private:
  std::vector<Route> routes(LiveFront& front) {
    waiters = std::make_unique<StoredWaiters>(bus, front.reactor());
    ingest = std::make_unique<SpanIngest>(bus, *waiters, queries, front.clock(), metrics);
    RouteTable table;
    REQUIRE(add_span_routes(table, *ingest).ok());
    REQUIRE(add_query_routes(table, queries, workers, metrics, [this] {
              return index.wait_through(bus.head(), soon())
                         ? Status()
                         : Status(Code::unavailable, "still behind");
            }).ok());
    return table.rows();
  }
};

}  // namespace devs
