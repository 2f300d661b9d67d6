#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/graph/graph_keeper.h"
#include "protocol/json.h"
#include "tests/orchestrator/graph/graph_kit.h"
#include "tests/support/patience.h"
#include "tests/support/temp_dir.h"
#include "trace/flight_log.h"
#include "trace/flight_recorder.h"

namespace devs {

// One life of a house with a graph: log, recorder, bus and keeper, all real.
struct GraphHouse {
  explicit GraphHouse(const std::filesystem::path& dir, GraphKeeper::Options options = {},
                      const Clock& clock = system_clock())
      : flight(FlightLog::open({.dir = dir, .clock = &clock}, log).value()),
        bus({.last = flight->last()}, clock),
        recorder(bus, *flight, nullptr, log, metrics, {}),
        keeper(with(dir, std::move(options)), bus, *flight, flight->epoch(), tools, clock, log,
               metrics) {}
  ~GraphHouse() {
    pump = {};  // joined
    keeper.stop();
    bus.close();
    recorder.stop();
  }

  Sequence publish(const std::string& body) {
    return bus.publish(draft_of_published(body)).value();
  }
  void publish(const std::vector<std::string>& bodies) {
    for (const std::string& body : bodies) publish(body);
  }
  // The graph's entries, named and with their payloads, once `count` of them are visible.
  struct Event {
    Sequence sequence;
    std::string name, payload;
  };
  std::vector<Event> events(std::size_t count, Sequence from = 1) {
    for (;;) {
      std::vector<EntryPtr> entries;
      (void)bus.read(from, 100'000, 1u << 30u, entries);
      std::vector<Event> found;
      for (const EntryPtr& entry : entries)
        if (entry->facts.type == "graph")
          found.push_back({entry->sequence, entry->facts.name,
                           std::string(JsonView(entry->body)["payload"].text())});
      if (found.size() >= count || std::chrono::steady_clock::now() > deadline) return found;
      (void)keeper.wait_through(bus.head() + 1,
                                std::chrono::steady_clock::now() + std::chrono::milliseconds(5));
    }
  }
  GraphPicturePtr picture(std::size_t edges) {
    for (;;) {
      const GraphPicturePtr shown = keeper.picture();
      if (shown && shown->graph().edge_count() >= edges) return shown;
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      (void)keeper.wait_through(bus.head() + 1,
                                std::chrono::steady_clock::now() + std::chrono::milliseconds(5));
    }
  }

  const TimePoint deadline = soon();
  Log& log = stderr_log(Log::Level::error);
  Metrics metrics;
  const std::unique_ptr<FlightLog> flight;
  TraceStreamBus bus;
  FlightRecorder recorder;
  ToolRegistry tools;
  GraphKeeper keeper;
  // Whoever follows the log anyway.
  std::jthread pump{[this](const std::stop_token& stop) {
    for (; !stop.stop_requested(); std::this_thread::yield()) keeper.work();
  }};

 private:
  static GraphKeeper::Options with(const std::filesystem::path& dir, GraphKeeper::Options options) {
    options.dir = dir;
    return options;
  }
};

// "a>b 0.5 1" per edge, by name: what two graphs are compared by.
inline std::string text_of(const ToolGraph& graph) {
  std::vector<std::string> edges;
  for (NodeIndex from = 0; from < graph.node_count(); ++from)
    for (const auto& [to, edge] : graph.out(from))
      edges.push_back(graph.tool(from) + '>' + graph.tool(to) + ' ' + std::to_string(edge.weight) +
                      ' ' + std::to_string(edge.count) + ' ' + std::string(name_of(edge.type)) +
                      ' ' + std::string(name_of(edge.source)) + '\n');
  std::sort(edges.begin(), edges.end());
  std::string text;
  for (const std::string& edge : edges) text += edge;
  return text;
}

}  // namespace devs
