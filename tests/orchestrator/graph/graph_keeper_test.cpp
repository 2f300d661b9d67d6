#include "orchestrator/graph/graph_keeper.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "orchestrator/graph/graph_events.h"
#include "tests/orchestrator/graph/graph_house.h"

namespace devs {
namespace {

std::vector<std::string> names_of(const std::vector<GraphHouse::Event>& events) {
  std::vector<std::string> names;
  for (const auto& event : events) names.push_back(event.name);
  return names;
}

std::string members_of(const std::string& payload) {
  std::string names;
  JsonView(payload).each_member(
      [&names](const std::string& name, JsonView) { names += (names.empty() ? "" : " ") + name; });
  return names;
}

// The graph that the events from `from` on make of `graph`.
ToolGraph replayed(ToolGraph graph, const std::vector<GraphHouse::Event>& events, Sequence from) {
  for (const auto& event : events) {
    if (event.sequence < from || !event.name.starts_with("edge_")) continue;
    apply(graph, edge_change_of(JsonView(event.payload)));
  }
  return graph;
}

}  // namespace

TEST_CASE("[S4.1] [S4.2] graph: one execution tells its edges, itself, then the metrics") {
  TempDir dir;
  GraphHouse house(dir.path());
  house.publish(whole_task("t-1", {"a", "b", "c"}));
  const auto events = house.events(4);
  REQUIRE(names_of(events) == std::vector<std::string>{"edge_created", "edge_created",
                                                       "workflow_executed", "metrics_updated"});
  CHECK(members_of(events[0].payload) ==
        "from_tool_id to_tool_id confidence_score timestamp observed_count edge_type edge_source");
  CHECK(members_of(events[2].payload) ==
        "workflow_id tool_ids success execution_time_ms timestamp");
  CHECK(members_of(events[3].payload) ==
        "edge_count node_count density pagerank_top_10 communities_count timestamp");
  const JsonView edge(events[1].payload), workflow(events[2].payload), told(events[3].payload);
  CHECK(edge["from_tool_id"].is("b"));
  CHECK(edge["to_tool_id"].is("c"));
  CHECK(edge["confidence_score"].number() == 0.5);
  CHECK(edge["observed_count"].integer() == 1);
  CHECK(edge["edge_type"].is("sequence"));
  CHECK(edge["edge_source"].is("inferred"));
  const std::string stamp = edge["timestamp"].string().value();
  CHECK(stamp.size() == 24);
  CHECK(stamp.ends_with("Z"));
  CHECK(workflow["workflow_id"].is("t-1"));
  CHECK(workflow["tool_ids"].text() == R"(["a","b","c"])");
  CHECK(workflow["success"].boolean() == true);
  CHECK(workflow["execution_time_ms"].number() == 1'000);
  CHECK(told["edge_count"].integer() == 2);
  CHECK(told["node_count"].integer() == 3);
  CHECK(told["density"].number() == doctest::Approx(2.0 / 6));
  CHECK(told["pagerank_top_10"].size() == 3);
  CHECK(told["communities_count"].integer() == 2);
}

TEST_CASE("[S4.1] graph: an edge seen again is updated, with what it was") {
  TempDir dir;
  GraphHouse house(dir.path());
  house.publish(whole_task("t-1", {"a", "b", "a", "b"}));
  const auto events = house.events(5);
  REQUIRE(names_of(events) == std::vector<std::string>{"edge_created", "edge_created",
                                                       "edge_updated", "workflow_executed",
                                                       "metrics_updated"});
  CHECK(members_of(events[2].payload) ==
        "from_tool_id to_tool_id old_confidence new_confidence observed_count timestamp edge_type "
        "edge_source");
  const JsonView edge(events[2].payload);
  CHECK(edge["old_confidence"].number() == 0.5);
  CHECK(edge["new_confidence"].number() == doctest::Approx(0.55));
  CHECK(edge["observed_count"].integer() == 2);
}

TEST_CASE("[S4.2] [D4.6] graph: metrics are debounced, and told once after the last change") {
  TempDir dir;
  GraphHouse house(dir.path());
  constexpr int kTasks = 200;
  for (int n = 0; n < kTasks; ++n) house.publish(whole_task("t-" + std::to_string(n), {"a", "b"}));
  // One edge event and one workflow each, and the last word.
  std::vector<GraphHouse::Event> events;
  for (std::size_t count = 2 * kTasks + 1;; count = events.size() + 1) {
    events = house.events(count);
    REQUIRE(events.size() >= count);
    const auto workflows = std::count_if(events.begin(), events.end(), [](const auto& event) {
      return event.name == "workflow_executed";
    });
    if (workflows == kTasks && events.back().name == "metrics_updated") break;
  }
  const auto metrics = std::count_if(events.begin(), events.end(), [](const auto& event) {
    return event.name == "metrics_updated";
  });
  CHECK(metrics < kTasks / 4);
}

TEST_CASE("[S4.14] graph: a picture and the events after it are the graph, whenever it is taken") {
  TempDir dir;
  GraphHouse house(dir.path());
  std::vector<GraphPicturePtr> pictures;
  const std::vector<std::string> tools{"a", "b", "c", "d", "e"};
  for (std::size_t n = 0; n < 60; ++n) {
    house.publish(whole_task("t-" + std::to_string(n),
                             {tools[n % 5], tools[(n * 2 + 1) % 5], tools[(n * 3 + 2) % 5]}));
    if (const auto shown = house.keeper.picture()) pictures.push_back(shown);
    if (n % 7 == 0) (void)house.events(n);
  }
  std::vector<GraphHouse::Event> events;
  do {
    REQUIRE(std::chrono::steady_clock::now() < house.deadline);
    events = house.events(events.size() + 1);
  } while (std::count_if(events.begin(), events.end(),
                         [](const auto& event) { return event.name == "workflow_executed"; }) < 60);
  house.keeper.stop();
  const std::string whole = text_of(house.keeper.picture()->graph());
  CHECK(text_of(replayed({}, events, 1)) == whole);
  REQUIRE(pictures.size() > 10);
  for (const GraphPicturePtr& picture : pictures)
    CHECK(text_of(replayed(picture->graph(), events, picture->applied() + 1)) == whole);
}

TEST_CASE("[S4.3] graph: it is loaded as it was saved, without what is too unsure, and says so") {
  TempDir dir;
  std::string before;
  Sequence head = 0;
  {
    GraphHouse house(dir.path());
    house.publish(whole_task("t-1", {"a", "b", "c", "a"}));
    CHECK(house.events(5).size() == 5);
    house.keeper.stop();
    before = text_of(house.keeper.picture()->graph());
    head = house.bus.last();
  }
  {
    auto sql = SqlConnection::open(std::filesystem::canonical(dir.path()) / "graph.db",
                                   SqlConnection::Mode::write)
                   .value();
    REQUIRE(sql->execute("INSERT INTO edges VALUES('c','d',0.3,9,'other','other')").ok());
  }
  GraphHouse house(dir.path());
  const auto shown = house.picture(3);
  CHECK(text_of(shown->graph()) == before);
  CHECK_FALSE(shown->graph().find("d"));
  const auto events = house.events(1, head + 1);
  REQUIRE(names_of(events) == std::vector<std::string>{"graph_synced"});
  CHECK(members_of(events[0].payload) == "node_count edge_count sync_duration_ms timestamp");
  CHECK(JsonView(events[0].payload)["edge_count"].integer() == 3);
  CHECK(JsonView(events[0].payload)["node_count"].integer() == 3);
}

TEST_CASE("[S4.3] graph: templates are there from the start, and are seen as what they become") {
  TempDir dir;
  GraphHouse house(dir.path(), {.templates = {{"a", "b"}, {"b", "b"}}});
  const auto shown = house.picture(1);
  CHECK(text_of(shown->graph()) == "a>b 0.500000 1 dependency template\n");
  house.publish(whole_task("t-1", {"a", "b"}));
  const auto events = house.events(4);
  REQUIRE(names_of(events) == std::vector<std::string>{"graph_synced", "edge_updated",
                                                       "workflow_executed", "metrics_updated"});
  CHECK(JsonView(events[1].payload)["observed_count"].integer() == 2);
}

TEST_CASE("graph: generation 2 is a matter of configuration") {
  TempDir dir;
  GraphHouse house(dir.path(), {.learning = {.rule = ConfidenceRule::typed}});
  house.publish(whole_task("t-1", {"a", "b"}));
  CHECK(text_of(house.picture(1)->graph()) == "a>b 0.350000 1 sequence inferred\n");
}

TEST_CASE("graph: what was learned and not saved is read from the log, not learned twice") {
  TempDir dir, crashed;
  std::string before;
  {
    GraphHouse house(dir.path());
    house.publish(whole_task("t-1", {"a", "b"}));
    CHECK(house.events(3).size() == 3);
    // A task that runs on: begun before, ended after the crash.
    house.publish(action_of("t-2", "1", "b"));
    house.publish(observation_of("t-2", "1"));
    house.publish(whole_task("t-3", {"b", "c"}));
    (void)house.picture(2);
    REQUIRE(house.recorder.flush(soon()).ok());
    before = text_of(house.keeper.picture()->graph());
    // As after kill -9 at that moment, and with a graph.db that is older still.
    house.keeper.stop();
    bool copied = false;
    for (const auto& file : std::filesystem::directory_iterator(dir.path())) {
      if (file.path().filename().string().starts_with("graph.db")) continue;
      std::filesystem::copy(file.path(), crashed.path() / file.path().filename(),
                            std::filesystem::copy_options::recursive);
      copied = true;
    }
    REQUIRE(copied);
  }
  {
    // A graph of this log that has learned nothing of it.
    auto log = FlightLog::open({.dir = crashed.path()}, stderr_log(Log::Level::error)).value();
    auto store =
        GraphStore::open(std::filesystem::canonical(crashed.path()) / "graph.db", log->epoch(), 0);
    REQUIRE(store.ok());
  }
  GraphHouse house(crashed.path());
  const Sequence head = house.bus.head();
  CHECK(text_of(house.picture(2)->graph()) == before);
  house.publish(action_of("t-2", "2", "c"));
  house.publish(observation_of("t-2", "2"));
  house.publish(task_end("t-2"));
  std::vector<GraphHouse::Event> events;
  for (bool told = false; !told;) {
    REQUIRE(std::chrono::steady_clock::now() < house.deadline);
    events = house.events(events.size() + 1, head + 1);
    REQUIRE_FALSE(events.empty());
    told = events.back().name == "workflow_executed" ||
           (events.size() > 1 && events[events.size() - 2].name == "workflow_executed");
  }
  for (const auto& event : events)
    if (event.name == "workflow_executed") {
      CHECK(JsonView(event.payload)["workflow_id"].is("t-2"));
      CHECK(JsonView(event.payload)["tool_ids"].text() == R"(["b","c"])");
    }
  (void)house.keeper.wait_through(house.bus.head(), soon());
  CHECK(text_of(house.keeper.picture()->graph()) ==
        "a>b 0.500000 1 sequence inferred\nb>c 0.550000 2 sequence inferred\n");
}

TEST_CASE("graph: a file that is none is put aside, and the graph begins anew") {
  TempDir dir;
  {
    std::ofstream file(dir.path() / "graph.db", std::ios::binary);
    file << std::string(8192, 'x');
  }
  GraphHouse house(dir.path());
  house.publish(whole_task("t-1", {"a", "b"}));
  CHECK(house.picture(1)->graph().edge_count() == 1);
  house.keeper.stop();
  CHECK(std::filesystem::exists(dir.path() / "graph.db.damaged"));
  CHECK(std::filesystem::file_size(dir.path() / "graph.db") > 0);
}

TEST_CASE("graph: the tools of the registry are in it, called or not") {
  TempDir dir;
  GraphHouse house(dir.path());
  WorkerPool workers({.name = "tool", .threads = 1});
  REQUIRE(house.tools
              .add(make_function_tool(
                  make_tool_spec("quiet", "", R"({"type":"object"})"),
                  [](const ToolRun&) { return ToolOutcome(); }, workers))
              .ok());
  for (GraphPicturePtr shown; !shown || !shown->graph().find("quiet");
       shown = house.keeper.picture())
    REQUIRE(std::chrono::steady_clock::now() < house.deadline);
}

}  // namespace devs
