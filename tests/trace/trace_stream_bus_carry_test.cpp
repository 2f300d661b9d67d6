#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "tests/trace/trace_kit.h"
#include "trace/trace_stream_bus.h"

namespace devs {
namespace {

using Place = TraceStreamBus::Reservation;

std::pair<Sequence, Place> begin_call(TraceStreamBus& bus) {
  auto begun = bus.publish_and_reserve(host_draft("action"));
  REQUIRE(begun.ok());
  return std::move(begun).value();
}
void end_call(TraceStreamBus& bus, std::pair<Sequence, Place>& call) {
  REQUIRE(bus.publish_reserved(host_draft("observation"), std::move(call.second)).ok());
}
// What the recorder is told with the next batch, which it then stores.
LogCarry store_next(TraceStreamBus& bus, std::size_t max_entries = 100) {
  std::vector<EntryPtr> batch;
  LogCarry carry;
  REQUIRE(bus.wait_unstored(0, already(), max_entries, batch, &carry));
  REQUIRE_FALSE(batch.empty());
  bus.mark_stored(batch.back()->sequence);
  return carry;
}

TEST_CASE("TraceStreamBus: the log carries from where on a call may lack its end") {
  TraceStreamBus bus({}, system_clock());
  REQUIRE(bus.publish(host_draft("1")).ok());
  CHECK(store_next(bus).open_from == 2);  // nothing is open
  auto first = begin_call(bus);           // 2
  auto second = begin_call(bus);          // 3
  CHECK(store_next(bus).open_from == 2);
  end_call(bus, first);  // 4
  CHECK(store_next(bus).open_from == 3);
  REQUIRE(bus.publish(host_draft("5")).ok());
  CHECK(store_next(bus).open_from == 3);
  end_call(bus, second);  // 6
  CHECK(store_next(bus).open_from == 7);
}

TEST_CASE("TraceStreamBus: a last word that is not in the batch keeps its call open") {
  TraceStreamBus bus({}, system_clock());
  auto call = begin_call(bus);  // 1
  REQUIRE(bus.publish(host_draft("2")).ok());
  end_call(bus, call);                       // 3
  CHECK(store_next(bus, 2).open_from == 1);  // a crash here must find the action
  CHECK(store_next(bus).open_from == 4);
}

TEST_CASE("TraceStreamBus: a thought and its action are open from the thought on") {
  TraceStreamBus bus({}, system_clock());
  std::vector<Draft> both;
  both.push_back(host_draft("thought"));
  both.push_back(host_draft("action"));
  auto begun = bus.publish_all_and_reserve(std::move(both));
  REQUIRE(begun.ok());
  Place moved = std::move(begun->second);  // a place keeps its story when it moves
  CHECK(store_next(bus).open_from == 1);
  REQUIRE(bus.publish_reserved(host_draft("observation"), std::move(moved)).ok());
  CHECK(store_next(bus).open_from == 4);
}

TEST_CASE("TraceStreamBus: what never gets its last word stays open") {
  TraceStreamBus bus({.ring_entries = 3}, system_clock());
  { auto dropped = begin_call(bus); }  // 1; its place is free again
  REQUIRE(bus.publish(host_draft("2")).ok());
  REQUIRE(bus.publish(host_draft("3")).ok());
  CHECK(store_next(bus).open_from == 1);
  auto late = begin_call(bus);  // 4
  bus.close();
  CHECK_FALSE(bus.publish_reserved(host_draft("x"), std::move(late.second)).ok());
  CHECK(store_next(bus).open_from == 1);
}

TEST_CASE("TraceStreamBus: goes on with what an existing log carried") {
  TraceStreamBus bus({.last = 10, .last_stamp_ns = 0, .open_from = 4}, system_clock());
  std::vector<Draft> abandoned;  // the last words of 4 and of another
  abandoned.push_back(host_draft("11"));
  abandoned.push_back(host_draft("12"));
  REQUIRE(bus.publish_all(std::move(abandoned)).ok());
  CHECK(store_next(bus, 1).open_from == 4);
  CHECK(store_next(bus).open_from == 13);
}

TEST_CASE("TraceStreamBus: the log carries the largest stamp of ours") {
  TraceStreamBus bus({}, system_clock());
  REQUIRE(bus.publish(our_draft()).ok());
  REQUIRE(bus.publish(our_draft()).ok());
  std::vector<EntryPtr> batch;
  LogCarry carry;
  REQUIRE(bus.wait_unstored(0, already(), 10, batch, &carry));
  CHECK(carry.last_stamp_ns == stamp_of(*batch[1]));
}

TEST_CASE("TraceStreamBus: while the recorder fails entries go on when they may, and say why") {
  TraceStreamBus bus({.ring_entries = 2}, system_clock());
  bus.fail(Status(Code::resource_exhausted, "ENOSPC"), OnFailure::go_on);
  CHECK(bus.recorder_status().code() == Code::unavailable);
  for (int i = 0; i < 10; ++i) {
    const auto given = bus.publish(host_draft("x"));
    REQUIRE(given.ok());
    bus.mark_lost(*given);
    CHECK(bus.head() == *given);
  }
  std::vector<EntryPtr> out;
  CHECK(bus.read(9, 10, 1000, out) == TraceStreamBus::Read::entries);  // live readers see them
  CHECK(bus.read(8, 10, 1000, out) == TraceStreamBus::Read::behind);   // the ring forgets them
  bus.heal();
  CHECK(bus.recorder_status().ok());
  bus.fail(Status(Code::unavailable, "EIO"));
  CHECK_FALSE(bus.publish(host_draft("x")).ok());
}

}  // namespace
}  // namespace devs
