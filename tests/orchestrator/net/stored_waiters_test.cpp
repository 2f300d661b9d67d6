#include "orchestrator/net/stored_waiters.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "tests/support/hand_reactor.h"

namespace devs {
namespace {

// A bus whose recorder is the test.
struct Desk {
  HandReactor reactor;
  TraceStreamBus bus{{}, reactor.clock()};
  StoredWaiters waiters{bus, reactor.get()};

  Sequence publish() {
    Draft draft;
    draft.body = R"({"type":"thought"})";
    return bus.publish(std::move(draft)).value();
  }
  // What a waiter for `sequence` will have heard.
  std::shared_ptr<std::optional<Status>> wait_for(Sequence sequence) {
    auto heard = std::make_shared<std::optional<Status>>();
    waiters.when_stored(sequence, [heard](const Status& stored) { *heard = stored; });
    return heard;
  }
  void turn_some() {
    for (int turns = 0; turns < 10; ++turns) reactor.turn();
  }
};

const Status kRefusal(Code::unavailable, "Read-only file system (EROFS)");

TEST_CASE("StoredWaiters: each is told when its entry is stored, not before") {
  Desk desk;
  const auto first = desk.wait_for(desk.publish());
  const auto second = desk.wait_for(desk.publish());
  desk.turn_some();
  CHECK_FALSE(first->has_value());
  desk.bus.mark_stored(1);
  desk.turn_some();
  REQUIRE(first->has_value());
  CHECK((*first)->ok());
  CHECK_FALSE(second->has_value());
  desk.bus.mark_stored(2);
  CHECK(desk.reactor.until([&] { return second->has_value(); }));
  const auto late = desk.wait_for(1);  // long stored
  CHECK(desk.reactor.until([&] { return late->has_value(); }));
  CHECK((*late)->ok());
}

TEST_CASE("StoredWaiters: a recorder that refuses wakes all with its reason, also those to come") {
  Desk desk;
  const auto before = desk.wait_for(desk.publish());
  const Sequence other = desk.publish();
  desk.bus.fail(kRefusal);
  const auto after = desk.wait_for(other);
  REQUIRE(desk.reactor.until([&] { return before->has_value() && after->has_value(); }));
  CHECK((*before)->message() == kRefusal.message());
  CHECK((*after)->message() == kRefusal.message());
}

TEST_CASE(
    "[T30] StoredWaiters: where the recorder goes on, an entry given up is as good as stored") {
  Desk desk;
  const auto before = desk.wait_for(desk.publish());
  desk.bus.fail(kRefusal, OnFailure::go_on);  // and only then are its entries given up
  const auto after = desk.wait_for(desk.publish());
  desk.turn_some();
  CHECK_FALSE(before->has_value());
  CHECK_FALSE(after->has_value());
  desk.bus.mark_lost(2);
  REQUIRE(desk.reactor.until([&] { return before->has_value() && after->has_value(); }));
  CHECK((*before)->ok());
  CHECK((*after)->ok());
  CHECK_FALSE(desk.bus.recorder_status().ok());  // which `/readyz` tells
}

TEST_CASE("StoredWaiters: a recorder that went on and then died wakes all with its reason") {
  Desk desk;
  desk.bus.fail(kRefusal, OnFailure::go_on);
  const auto waiting = desk.wait_for(desk.publish());
  desk.turn_some();
  CHECK_FALSE(waiting->has_value());
  desk.bus.fail(Status(Code::internal, "the recorder died"));
  REQUIRE(desk.reactor.until([&] { return waiting->has_value(); }));
  CHECK((*waiting)->message() == "the recorder died");
}

}  // namespace
}  // namespace devs
