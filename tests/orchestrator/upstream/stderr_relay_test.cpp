#include "orchestrator/upstream/stderr_relay.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/orchestrator/upstream/upstream_fixture.h"

namespace devs {
namespace {

TEST_CASE("StderrRelay: a line becomes a log line, whole or cut") {
  WatchedLog log;
  Metrics metrics;
  StderrRelay relay("files", log, metrics.counter("suppressed"));
  const TimePoint now{};
  relay.feed("it is ", now);
  CHECK(log.count("upstream_stderr") == 0);
  relay.feed("broken\r\n\xff\n" + std::string(5000, 'x') + "\nhalf", now);
  CHECK(log.count("upstream_stderr server=files text=it is broken") == 1);
  CHECK(log.count("xxx ... xxx") == 1);
  CHECK(log.count("half") == 0);
  relay.end(now);
  CHECK(log.count("half") == 1);
  CHECK(relay.last_line() == "half");
}

TEST_CASE("StderrRelay: 100 lines a second are told, the rest is counted and said once") {
  WatchedLog log;
  Metrics metrics;
  Counter& suppressed = metrics.counter("suppressed");
  StderrRelay relay("files", log, suppressed);
  TimePoint now{std::chrono::hours(1)};
  for (int i = 0; i < 250; ++i) relay.feed("shout\n", now);
  CHECK(log.count("text=shout") == 100);
  CHECK(suppressed.value() == 150);
  CHECK(log.count("upstream_stderr_suppressed") == 0);
  now += std::chrono::seconds(1);
  relay.feed("shout\n", now);
  CHECK(log.count("upstream_stderr_suppressed server=files lines=150") == 1);
  CHECK(log.count("text=shout") == 101);
}

}  // namespace
}  // namespace devs
