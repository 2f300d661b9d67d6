#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/trace/bus_kit.h"

namespace devs {
namespace {

TEST_CASE("TraceStreamBus: stamps go on after a restart on a clock that went back") {
  FakeClock clock;
  clock.set_wall(FakeClock::Wall{});
  TraceStreamBus bus({.last = 7, .last_stamp_ns = 1'795'224'245'120'000'000}, clock);
  REQUIRE(bus.publish(our_draft()).ok());
  bus.mark_stored(8);
  CHECK(stamp_of(*read_all(bus, 8)[0]) == 1'795'224'245'120'000'001);

  TraceStreamBus fresh({}, clock);  // no log and no clock: still 19 digits
  REQUIRE(fresh.publish(our_draft()).ok());
  fresh.mark_stored(1);
  CHECK(stamp_of(*read_all(fresh, 1)[0]) == 1'000'000'000'000'000'000);
}

TEST_CASE("TraceStreamBus: a host's envelope is never restamped") {
  FakeClock clock;
  TraceStreamBus bus({}, clock);
  const std::string body = R"({"type":"thought","timestamp_ns":"0000000000000000000"})";
  REQUIRE(bus.publish({body, {}, std::nullopt}).ok());
  bus.mark_stored(1);
  CHECK(read_all(bus, 1)[0]->body == body);
}

TEST_CASE("TraceStreamBus: an entry's facts and topics are those its line has in the log") {
  FakeClock clock;
  TraceStreamBus bus({}, clock);
  Draft draft = our_draft();
  draft.topics = "owner:u1";
  REQUIRE(bus.publish(std::move(draft)).ok());
  bus.mark_stored(1);
  const EntryPtr entry = read_all(bus, 1)[0];
  CHECK(entry->topics == "owner:u1");
  CHECK(entry->facts.timestamp_ns == stamp_of(*entry));
  CHECK(entry->facts.timestamp_ns == facts_of(entry->body).timestamp_ns);
}

TEST_CASE("TraceStreamBus: every reader sees the same order under contention") {
  constexpr std::size_t kPublishers = 8, kEach = 400, kReaders = 3;
  constexpr Sequence kAll = kPublishers * kEach * 2;  // one by one, and in pairs
  TraceStreamBus bus({.ring_entries = 1024}, system_clock());
  std::vector<EntryPtr> stored;
  std::vector<std::vector<EntryPtr>> views(kReaders);
  {
    std::vector<std::jthread> threads;
    threads.emplace_back([&] {  // the recorder misses nothing
      std::vector<EntryPtr> batch;
      while (bus.wait_unstored(bus.head(), soon(), 100, batch)) {
        if (batch.empty()) break;
        stored.insert(stored.end(), batch.begin(), batch.end());
        bus.mark_stored(batch.back()->sequence);
        batch.clear();
      }
    });
    for (auto& view : views)
      threads.emplace_back([&bus, &view] {
        for (Sequence from = 1; from <= kAll;) {
          const auto read = bus.read(from, 64, 1u << 20, view);
          if (read == Read::behind)
            from = bus.oldest();
          else if (read == Read::entries)
            from = view.back()->sequence + 1;
          else
            std::this_thread::yield();
        }
      });
    {
      std::vector<std::jthread> publishers;
      for (std::size_t p = 0; p < kPublishers; ++p)
        publishers.emplace_back([&bus, p] {
          for (std::size_t i = 0; i < kEach;) {
            const std::string word = std::to_string(p) + ":" + std::to_string(i);
            bool entered = false;
            if (i % 2 == 0) {
              std::vector<Draft> pair;
              pair.push_back(our_draft());
              pair.push_back(host_draft(word + ":twin"));
              entered = bus.publish_all(std::move(pair)).ok();
            } else {
              entered = bus.publish(our_draft()).ok();
              while (entered && !bus.publish(host_draft(word)).ok()) std::this_thread::yield();
            }
            if (entered)
              ++i;
            else
              std::this_thread::yield();  // a full ring says so, and is not waited for
          }
        });
    }
    bus.close();
  }

  REQUIRE(stored.size() == kAll);
  std::int64_t last_stamp = 0;
  std::vector<int> last_of(kPublishers, -1);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const Entry& entry = *stored[i];
    REQUIRE(entry.sequence == i + 1);
    if (contains(entry.body, "timestamp_ns")) {
      REQUIRE(stamp_of(entry) > last_stamp);  // in sequence order
      last_stamp = stamp_of(entry);
    } else {
      const std::string word = entry.body.substr(9);
      const auto publisher = static_cast<std::size_t>(word[0] - '0');
      const int number = std::stoi(word.substr(2));
      REQUIRE(number == last_of[publisher] + 1);  // each one's own words in its order
      last_of[publisher] = number;
      if (contains(word, "twin"))  // nothing of others inside an array
        REQUIRE(contains(stored[i - 1]->body, "timestamp_ns"));
    }
  }
  for (const auto& view : views) {
    Sequence before = 0;
    for (const EntryPtr& seen : view) {
      REQUIRE(seen->sequence > before);
      before = seen->sequence;
      REQUIRE(seen == stored[static_cast<std::size_t>(before - 1)]);  // the very same
    }
    CHECK(before == kAll);
  }
}

}  // namespace
}  // namespace devs
