#include "orchestrator/streams/replay_query.h"

#include <doctest/doctest.h>

#include "tests/orchestrator/streams/memory_log.h"

using namespace devs;

namespace {

constexpr std::int64_t kStart = 1'795'224'245'120;  // 2026-11-21T01:24:05.120Z

struct Fixture {
  // Ten entries, a second apart; the first two are gone.
  Fixture() {
    for (Sequence n = 1; n <= 10; ++n) {
      auto entry = std::make_shared<Entry>();
      entry->sequence = n;
      log.append(std::move(entry), kStart + static_cast<std::int64_t>(n - 1) * 1'000);
    }
    log.drop_before(3);
  }
  std::optional<TimedReplay::Options> read(std::vector<std::pair<std::string, std::string>> query) {
    RequestHead head;
    head.query_params = std::move(query);
    bad = {};
    return replay_of(head, log, "5f3a9c01d2", 10, bad);
  }
  std::pair<Sequence, Sequence> range(std::vector<std::pair<std::string, std::string>> query) {
    const auto options = read(std::move(query));
    REQUIRE(options);
    return {options->from, options->through};
  }
  using Range = std::pair<Sequence, Sequence>;
  MemoryLog log;
  BadParameter bad;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "replay_of: all that is kept, in its own time, unless told otherwise") {
  const auto options = read({});
  REQUIRE(options);
  CHECK(options->from == 3);
  CHECK(options->through == 10);
  CHECK(options->speed == 1);
  CHECK_FALSE(options->step);
}

TEST_CASE_FIXTURE(Fixture, "replay_of: from and to are ids, both included") {
  CHECK(range({{"from", "5f3a9c01d2-4"}, {"to", "5f3a9c01d2-7"}}) == Range{4, 7});
  CHECK(range({{"from", "5f3a9c01d2-1"}}) == Range{1, 10});  // a gap will say what is gone
  CHECK(range({{"from", "5f3a9c01d2-7"}, {"to", "5f3a9c01d2-4"}}) == Range{7, 4});
}

TEST_CASE_FIXTURE(Fixture, "replay_of: from and to are times") {
  CHECK(range({{"from", "2026-11-21T01:24:08.120Z"}}) == Range{4, 10});
  CHECK(range({{"from", "2026-11-21T01:24:08.121Z"}}) == Range{5, 10});
  CHECK(range({{"from", std::to_string(kStart)}}) == Range{3, 10});
  CHECK(range({{"to", "2026-11-21T01:24:08.120Z"}}) == Range{3, 4});
  CHECK(range({{"to", "2026-11-21T01:24:08.119Z"}}) == Range{3, 3});
  CHECK(range({{"to", "2036-01-01T00:00:00Z"}}) == Range{3, 10});
  CHECK(range({{"from", "2036-01-01T00:00:00Z"}}) == Range{11, 10});
}

TEST_CASE_FIXTURE(Fixture, "replay_of: what is no place in this log is refused by name") {
  for (const std::string name : {"from", "to"})
    for (const std::string value : {"", "x", "aaaaaaaaaa-4", "5f3a9c01d2-11", "2026-11-21", "-4"}) {
      CAPTURE(value);
      CHECK_FALSE(read({{name, value}}));
      CHECK(bad.field == name);
    }
}

TEST_CASE_FIXTURE(Fixture, "replay_of: speed is 1, 10 or max; step is 0 or 1") {
  CHECK(read({{"speed", "1"}})->speed == 1);
  CHECK(read({{"speed", "10"}})->speed == 10);
  CHECK(read({{"speed", "max"}})->speed == 0);
  CHECK(read({{"step", "1"}})->step);
  CHECK_FALSE(read({{"step", "0"}})->step);
  for (const std::string value : {"", "0", "2", "1.0", "fast"}) {
    CHECK_FALSE(read({{"speed", value}}));
    CHECK(bad.field == "speed");
  }
  CHECK_FALSE(read({{"step", "yes"}}));
  CHECK(bad.field == "step");
}
