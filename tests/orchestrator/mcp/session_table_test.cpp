#include "orchestrator/mcp/session_table.h"

#include <doctest/doctest.h>

#include "tests/support/call_fixture.h"
#include "tests/support/fake_clock.h"

namespace devs {
namespace {

struct TableFixture {
  FakeClock clock;
  CallFixture house{{}, clock};

  SessionPtr make(std::string id, std::string principal = "local") {
    return std::make_shared<Session>(Session::Identity{.id = std::move(id),
                                                       .public_id = "public",
                                                       .principal = std::move(principal),
                                                       .client_name = "tester",
                                                       .revision = kLatestLegacy},
                                     house.reactor, clock.steady(), 0);
  }
  RunningCallPtr call() { return std::make_shared<RunningCall>(house.desk); }
};

// Adds and returns the id of who made room, or "" / "refused".
std::string add(SessionTable& table, SessionPtr session) {
  SessionPtr evicted;
  if (!table.add(std::move(session), evicted).ok()) return "refused";
  return evicted ? evicted->identity().id : "";
}

TEST_CASE_FIXTURE(TableFixture, "[M2] SessionTable: a foreign session is as unknown as none") {
  SessionTable table({});
  CHECK(add(table, make("a", "p1")) == "");
  CHECK(table.find("p1", "a", clock.steady()) != nullptr);
  CHECK(table.find("p2", "a", clock.steady()) == nullptr);
  CHECK(table.find("p1", "b", clock.steady()) == nullptr);
  CHECK(table.take("p2", "a") == nullptr);
  CHECK(table.take("p1", "a") != nullptr);
  CHECK(table.take("p1", "a") == nullptr);
  CHECK(table.size() == 0);
}

TEST_CASE_FIXTURE(TableFixture, "[M39] SessionTable: full, the longest unused makes room") {
  SessionTable table({.max_sessions = 3, .max_per_principal = 3});
  for (const char* id : {"a", "b", "c"}) CHECK(add(table, make(id)) == "");
  CHECK(table.find("local", "a", clock.steady()) != nullptr);  // used again
  CHECK(add(table, make("d")) == "b");
  CHECK(add(table, make("e")) == "c");
  CHECK(table.size() == 3);
}

TEST_CASE_FIXTURE(TableFixture, "[M39] SessionTable: a principal makes room among its own") {
  SessionTable table({.max_sessions = 10, .max_per_principal = 2});
  CHECK(add(table, make("x", "other")) == "");
  CHECK(add(table, make("a")) == "");
  CHECK(add(table, make("b")) == "");
  CHECK(add(table, make("c")) == "a");
  CHECK(table.find("other", "x", clock.steady()) != nullptr);
}

TEST_CASE_FIXTURE(TableFixture,
                  "[M39] SessionTable: calls and streams keep a session, none left is a refusal") {
  SessionTable table({.max_sessions = 2, .max_per_principal = 2});
  const SessionPtr calling = make("calling");
  REQUIRE(calling->add_call("1", call()));
  const SessionPtr streaming = make("streaming");
  const auto reading = streaming->streams()->open_standalone();
  REQUIRE(reading);
  CHECK(add(table, calling) == "");
  CHECK(add(table, streaming) == "");
  CHECK(add(table, make("c")) == "refused");
  CHECK(table.size() == 2);
  streaming->streams()->detached(*reading);
  CHECK(add(table, make("d")) == "streaming");
  calling->remove_call("1");
  CHECK(add(table, make("e")) == "calling");
}

TEST_CASE_FIXTURE(TableFixture, "SessionTable: idle time expires, a stream prolongs it") {
  using std::chrono::milliseconds;
  SessionTable table(
      {.idle = milliseconds(1'800'000), .idle_with_stream = milliseconds(86'400'000)});
  const SessionPtr plain = make("plain");
  const SessionPtr streaming = make("streaming");
  const SessionPtr calling = make("calling");
  REQUIRE(streaming->streams()->open_standalone());
  REQUIRE(calling->add_call("1", call()));
  for (const SessionPtr& session : {plain, streaming, calling}) add(table, session);

  clock.advance(milliseconds(1'799'999));
  CHECK(table.take_expired(clock.steady()).empty());
  clock.advance(milliseconds(1));
  auto gone = table.take_expired(clock.steady());
  REQUIRE(gone.size() == 1);
  CHECK(gone[0] == plain);

  clock.advance(std::chrono::hours(24));
  gone = table.take_expired(clock.steady());
  REQUIRE(gone.size() == 1);
  CHECK(gone[0] == streaming);
  CHECK(table.size() == 1);  // a running call holds its session, however long
}

TEST_CASE_FIXTURE(TableFixture,
                  "[M39] SessionTable: under a flood they leave in the order of their last use") {
  SessionTable table({.max_sessions = 100, .max_per_principal = 100});
  const SessionPtr calling = make("calling");
  REQUIRE(calling->add_call("1", call()));
  add(table, calling);
  add(table, make("used"));
  std::vector<std::string> expected, evicted;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = "s" + std::to_string(i);
    expected.push_back(id);
    if (const std::string gone = add(table, make(id)); !gone.empty()) evicted.push_back(gone);
    if (i % 50 == 0) REQUIRE(table.find("local", "used", clock.steady()) != nullptr);
    REQUIRE(table.size() <= 100);
  }
  // All but the two, and the ninety-eight that are there.
  expected.resize(10'000 - 98);
  CHECK((evicted == expected));
  CHECK(table.find("local", "calling", clock.steady()) == calling);
}

TEST_CASE_FIXTURE(TableFixture, "[M39] SessionTable: a flood of newcomers is bounded and quick") {
  SessionTable table({.max_sessions = 500, .max_per_principal = 100});
  for (int i = 0; i < 20'000; ++i) {
    add(table, make("s" + std::to_string(i), "p" + std::to_string(i % 10)));
    REQUIRE(table.size() <= 500);
  }
  CHECK(table.take_all().size() == 500);
  CHECK(table.size() == 0);
}

TEST_CASE_FIXTURE(TableFixture, "Session: a request id is in flight once") {
  const SessionPtr session = make("a");
  CHECK(session->add_call("1", call()));
  CHECK(session->add_call("\"1\"", call()));
  CHECK_FALSE(session->add_call("1", call()));
  session->remove_call("1");
  session->remove_call("1");
  CHECK(session->calls() == 1);
  CHECK(session->add_call("1", call()));
}

TEST_CASE_FIXTURE(TableFixture, "Session: nothing begins in one that has ended") {
  const SessionPtr session = make("a");
  const auto running = call();
  REQUIRE(session->add_call("1", running));
  session->end("test");
  CHECK(running->cancelled());
  CHECK_FALSE(session->add_call("2", call()));
  CHECK_FALSE(session->streams()->open_standalone());
}

}  // namespace
}  // namespace devs
