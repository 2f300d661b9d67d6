#include "orchestrator/calls/builtin_tools.h"

#include <doctest/doctest.h>

#include <deque>

#include "tests/support/call_fixture.h"

namespace devs {
namespace {

struct House : CallFixture {
  House() { REQUIRE(add_builtin_tools(tools, true, workers, reactor, log()).ok()); }
  JsonView result_of(const AnsweredPtr& to) {
    REQUIRE(to->wait());
    kept.push_back(to->take().outcome.result);
    return JsonView(kept.back());
  }
  std::deque<std::string> kept;
};

TEST_CASE("builtin tools: sleep and fail are there only when all are asked for") {
  CallFixture house;
  REQUIRE(add_builtin_tools(house.tools, false, house.workers, house.reactor, house.log()).ok());
  CHECK(house.tools.snapshot()->find("echo") != nullptr);
  CHECK(house.tools.snapshot()->find("get_trace") != nullptr);
  CHECK(house.tools.snapshot()->find("sleep") == nullptr);
  CHECK(house.tools.snapshot()->find("fail") == nullptr);
}

TEST_CASE("echo: text and structured content come back as they were spelled") {
  House house;
  const JsonView result = house.result_of(
      house.call("echo", R"({"text":"a\u0041\n","structured":{"z":1.10,"a":[1e2]}})"));
  CHECK(result["content"].text() == R"([{"type":"text","text":"a\u0041\n"}])");
  CHECK(result["structuredContent"].text() == R"({"z":1.10,"a":[1e2]})");
}

TEST_CASE("fail: a tool error, a protocol error, and a throw that is contained") {
  House house;
  CHECK(house.result_of(house.call("fail", R"({"message":"no"})"))["isError"].boolean() == true);
  CHECK(house.result_of(house.call("fail", R"({"kind":"throw"})"))["isError"].boolean() == true);
  auto protocol = house.call("fail", R"({"kind":"protocol","message":"odd"})");
  REQUIRE(protocol->wait());
  const CallAnswer answer = protocol->take();
  REQUIRE(answer.outcome.fault.has_value());
  CHECK(answer.outcome.fault->code == -32603);
  CHECK(answer.outcome.fault->message == "odd");
}

TEST_CASE("sleep: tells progress and ends") {
  House house;
  auto to = std::make_shared<CallFixture::Answered>();
  CallRequest asked = house.request("sleep", R"({"ms":250})", to);
  asked.progress = [to](std::string_view fields) {
    MutexLock lock(to->mutex);
    to->progress.emplace_back(fields);
  };
  house.desk.begin(std::move(asked));
  REQUIRE(to->wait());
  MutexLock lock(to->mutex);
  CHECK(to->answer.outcome.result.find("slept 250 ms") != std::string::npos);
  REQUIRE(to->progress.size() >= 1);
  CHECK(JsonView(to->progress[0])["total"].integer() == 250);
}

TEST_CASE("sleep: a thousand at once hold no thread") {
  House house;  // two tool workers
  std::vector<CallFixture::AnsweredPtr> all;
  for (int i = 0; i < 1000; ++i) all.push_back(house.call("sleep", R"({"ms":100})"));
  for (auto& one : all) REQUIRE(one->wait());
}

TEST_CASE("get_trace: the newest page in log order, and what came after an id") {
  House house;
  for (int i = 0; i < 5; ++i) REQUIRE(house.call("echo", R"({"text":"x"})")->wait());
  const JsonView page =
      house.result_of(house.call("get_trace", R"({"types":["observation"],"limit":3})"));
  const JsonView structured = page["structuredContent"];
  REQUIRE(structured["envelopes"].size() == 3);
  std::vector<std::string> ids;
  structured["ids"].each_element([&](JsonView id) { ids.push_back(*id.string()); });
  CHECK(decode_event_id(ids[0])->sequence < decode_event_id(ids[2])->sequence);
  CHECK(structured["next"].is(ids[2]));

  const JsonView after = house.result_of(house.call(
      "get_trace", "{\"since\":\"" + ids[0] + "\",\"types\":[\"observation\"],\"limit\":1}"));
  CHECK(after["structuredContent"]["ids"].text() == "[\"" + ids[1] + "\"]");
}

TEST_CASE("get_trace: a page is bounded by bytes, and does not show itself") {
  House house;
  const std::string large(100 * 1024, 'x');
  for (int i = 0; i < 5; ++i) REQUIRE(house.call("echo", "{\"text\":\"" + large + "\"}")->wait());
  std::size_t last_size = 0;
  for (int i = 0; i < 6; ++i) {
    const JsonView page = house.result_of(house.call("get_trace", "{}"));
    CHECK(page["structuredContent"].text().size() < 600 * 1024);
    last_size = page["structuredContent"].text().size();
  }
  CHECK(last_size < 300 * 1024);  // six pages on, none is inside another
}

TEST_CASE("get_trace: a foreign id is a tool error that shows a good one") {
  House house;
  const JsonView result = house.result_of(house.call("get_trace", R"({"since":"aaaaaaaaaa-1"})"));
  CHECK(result["isError"].boolean() == true);
  CHECK(result.text().find(house.log().epoch() + "-1") != std::string_view::npos);
}

}  // namespace
}  // namespace devs
