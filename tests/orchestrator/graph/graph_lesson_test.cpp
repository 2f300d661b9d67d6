#include "orchestrator/graph/graph_lesson.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

TaskRun run_of(std::vector<ToolStep> steps) {
  TaskRun run;
  run.steps = std::move(steps);
  return run;
}

}  // namespace

TEST_CASE("[S4.3] lesson: each occurrence counts once, tools nobody knew are added") {
  ToolGraph graph;
  graph.add_node("b");
  const auto changes =
      lesson_of(run_of({{"a", "b"}, {"b", "c"}, {"a", "b"}}), graph, ConfidenceRule::growing);
  REQUIRE(changes.size() == 3);
  CHECK(changes[0].before == 0);
  CHECK(changes[2].before == 0.5);
  CHECK(changes[2].now.weight == doctest::Approx(0.55));
  CHECK(changes[2].now.count == 2);
  CHECK(graph.node_count() == 1);  // not touched
  for (const EdgeChange& change : changes) apply(graph, change);
  CHECK(graph.node_count() == 3);
  CHECK(graph.edge_count() == 2);
}

TEST_CASE("lesson: a full graph learns nothing new, and grows surer of what it knows") {
  ToolGraph graph;
  const TaskRun run = run_of({{"a", "b"}, {"b", "c"}, {"b", "a"}, {"a", "b"}});
  auto changes = lesson_of(run, graph, ConfidenceRule::growing, {.tools = 2, .edges = 100});
  REQUIRE(changes.size() == 3);
  CHECK(changes[1].to == "a");
  for (const EdgeChange& change : changes) apply(graph, change);
  changes = lesson_of(run_of({{"a", "b"}, {"b", "a"}, {"a", "z"}}), graph, ConfidenceRule::growing,
                      {.tools = 100, .edges = 2});
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].now.count == 3);
}

}  // namespace devs
