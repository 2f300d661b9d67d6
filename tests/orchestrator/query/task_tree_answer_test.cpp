#include <doctest/doctest.h>

#include "tests/orchestrator/query/query_kit.h"

namespace devs {
namespace {

std::string tree(QueryShelf& shelf, bool with_envelopes = false) {
  TaskTreeQuery query;
  query.task = "t-1";
  query.with_envelopes = with_envelopes;
  return Answered(shelf.asked().task_tree(query)).text();
}

TEST_CASE("TraceQueries: a turn shows thought, below it its actions, below them observations") {
  QueryShelf shelf;
  const TestCall one{.id = "c-1", .thought = "h-1", .duration_ms = 2.5};
  const TestCall two{.id = "c-2", .tool = "grep", .thought = "h-1", .status = "TOOL_ERROR"};
  shelf.log.add(thought_of(one, "both"));
  shelf.log.add(action_of(one));
  shelf.log.add(action_of(two));
  shelf.log.add(observation_of(two));
  shelf.log.add(observation_of(one));
  CHECK(
      tree(shelf) ==
      R"({"task_id":"t-1","turns":[{"thread_id":"main","turn_index":0,"members":[)"
      R"({"id":"5f3a9c01d2-1","type":"thought","agent_id":"a-1","thought_id":"h-1","actions":[)"
      R"({"id":"5f3a9c01d2-2","type":"action","agent_id":"a-1","tool_name":"read_file","tool_call_id":"c-1","source_thought_id":"h-1","observations":[)"
      R"({"id":"5f3a9c01d2-5","type":"observation","agent_id":"a-1","tool_name":"read_file","tool_call_id":"c-1","status":"SUCCESS","duration_ms":2.5}]},)"
      R"({"id":"5f3a9c01d2-3","type":"action","agent_id":"a-1","tool_name":"grep","tool_call_id":"c-2","source_thought_id":"h-1","observations":[)"
      R"({"id":"5f3a9c01d2-4","type":"observation","agent_id":"a-1","tool_name":"grep","tool_call_id":"c-2","status":"TOOL_ERROR","duration_ms":1.5}]}]}]}],)"
      R"("truncated":false,"indexed_through":"5f3a9c01d2-5"})");
}

TEST_CASE("TraceQueries: turns stand in the order of their first members, threads apart") {
  QueryShelf shelf;
  add_call(shelf.log, {.id = "c-1", .turn = 5});
  add_call(shelf.log, {.id = "c-2", .turn = 1});
  shelf.log.add(
      R"({"type":"action","task_id":"t-1","thread_id":"side","turn_index":5,"tool_call_id":"c-3"})");
  shelf.log.add(R"({"type":"hitl","task_id":"t-1"})");
  const Answered answer(tree(shelf));
  CHECK(answer.all("turns", "turn_index") == std::vector<std::string>{"5", "1", "5", "null"});
  CHECK(answer.all("turns", "thread_id") ==
        std::vector<std::string>{"main", "main", "side", "null"});
}

TEST_CASE("TraceQueries: members without the one they answer are shown as orphans") {
  QueryShelf shelf;
  shelf.log.add(action_of({.id = "c-1", .thought = "never-told"}));
  shelf.log.add(observation_of({.id = "c-9"}));
  shelf.log.add(action_of({.id = "c-9"}));  // too late for it
  const Answered answer(tree(shelf));
  std::vector<std::string> orphans;
  answer["turns"].each_element([&orphans](JsonView turn) {
    turn["members"].each_element(
        [&orphans](JsonView member) { orphans.push_back(member["orphan"].string().value_or("")); });
  });
  CHECK(orphans == std::vector<std::string>{"thought", "action", ""});
}

TEST_CASE(
    "TraceQueries: an action used twice gets the observations that follow it; two of one call both "
    "show") {
  QueryShelf shelf;
  add_call(shelf.log, {.id = "c-1"});
  add_call(shelf.log, {.id = "c-1"});
  shelf.log.add(observation_of({.id = "c-1"}));
  std::vector<std::size_t> sizes;
  Answered(tree(shelf))["turns"].each_element([&sizes](JsonView turn) {
    turn["members"].each_element(
        [&sizes](JsonView member) { sizes.push_back(member["observations"].size()); });
  });
  CHECK(sizes == std::vector<std::size_t>{1, 2});
}

TEST_CASE("TraceQueries: a tree carries the envelopes when asked") {
  QueryShelf shelf;
  add_call(shelf.log, {});
  const std::string text = tree(shelf, true);
  CHECK(text.find(R"("envelope":)" + shelf.log.body(1)) != text.npos);
  CHECK(text.find(R"("envelope":)" + shelf.log.body(2)) != text.npos);
}

TEST_CASE("TraceQueries: a task nobody heard of is not found") {
  QueryShelf shelf;
  add_call(shelf.log, {});
  TaskTreeQuery query;
  query.task = "t-2";
  CHECK(shelf.asked().task_tree(query).status().code() == Code::not_found);
}

TEST_CASE(
    "TraceQueries: of an endless task the newest members are shown, and that it is truncated") {
  QueryShelf shelf;
  for (int i = 0; i < 2600; ++i) add_call(shelf.log, {.id = "c-" + std::to_string(i)});
  const Answered answer(tree(shelf));
  CHECK(answer["truncated"].boolean() == true);
  CHECK(answer.text().find("5f3a9c01d2-200\"") == std::string::npos);
  CHECK(answer.text().find("5f3a9c01d2-5200\"") != std::string::npos);
}

}  // namespace
}  // namespace devs
