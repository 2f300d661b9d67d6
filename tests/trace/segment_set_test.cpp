#include "trace/segment_set.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace devs {
namespace {

// Lines of ten bytes each; those from `gone` on are lost, as when its files are.
class SmallSegment final : public Segment {
 public:
  explicit SmallSegment(SegmentInfo info, bool gone = false) : info_(info), gone_(gone) {}
  const SegmentInfo& info() const override { return info_; }
  bool sealed() const override { return false; }
  ReadOutcome read(Sequence from, ReadLimits limits,
                   const StoredLog::OnLine& on_line) const override {
    if (gone_) return {info_.last() + 1, Loss{from, info_.last(), LossReason::corrupt}};
    Sequence at = from;
    for (std::size_t bytes = 10; at <= info_.last(); ++at, bytes += 10) {
      if (at > from && (at - from >= limits.entries || bytes > limits.bytes)) break;
      on_line({.sequence = at, .body = "0123456789", .topics = {}, .stored_ms = 0});
    }
    return {at, {}};
  }
  Sequence first_since(std::int64_t ms) const override {
    return ms <= info_.last_ms ? info_.base + 1 : info_.last() + 1;
  }

 private:
  const SegmentInfo info_;
  const bool gone_;
};

SegmentPtr segment(Sequence base, std::uint64_t count, Sequence previous_last, bool gone = false) {
  return std::make_shared<SmallSegment>(
      SegmentInfo{.base = base,
                  .count = count,
                  .first_ms = static_cast<std::int64_t>(base) * 1000,
                  .last_ms = static_cast<std::int64_t>(base + count) * 1000,
                  .previous_last = previous_last},
      gone);
}

struct Reading {
  std::vector<Sequence> got;
  ReadOutcome outcome;
};
Reading read(const SegmentSet& set, Sequence from, Sequence end, Sequence previous_last,
             ReadLimits limits = {}) {
  Reading reading;
  reading.outcome = set.read(from, end, previous_last, limits,
                             [&](const StoredLine& line) { reading.got.push_back(line.sequence); });
  return reading;
}

TEST_CASE("SegmentSet: a read goes on from segment to segment, up to its limits and its end") {
  SegmentSet set;
  set.assign({segment(1, 3, 0), segment(4, 3, 3)});
  set.push_back(segment(7, 3, 6));
  CHECK(read(set, 2, 10, 9).got == std::vector<Sequence>{2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(read(set, 2, 10, 9).outcome.next == 10);
  CHECK(read(set, 2, 10, 9, {.entries = 4}).got == std::vector<Sequence>{2, 3, 4, 5});
  CHECK(read(set, 2, 10, 9, {.entries = 2}).outcome.next == 4);
  CHECK(read(set, 3, 10, 9, {.bytes = 1}).got == std::vector<Sequence>{3});
  CHECK(read(set, 10, 10, 9).got.empty());
  CHECK(read(set, 10, 10, 9).outcome.next == 10);
}

TEST_CASE("SegmentSet: what is missing is expired, corrupt or never stored, run by run") {
  SegmentSet set;
  set.assign({segment(11, 2, 10), segment(31, 2, 25)});
  set.set_expired_through(15);
  set.set_expired_through(3);  // never backwards
  struct Case {
    Sequence from, through;
    LossReason reason;
  };
  for (const Case& each : {Case{1, 10, LossReason::expired}, Case{7, 10, LossReason::expired},
                           Case{13, 15, LossReason::expired}, Case{16, 25, LossReason::corrupt},
                           Case{26, 30, LossReason::recorder}, Case{33, 40, LossReason::corrupt},
                           Case{41, 49, LossReason::recorder}}) {
    CAPTURE(each.from);
    const auto [got, outcome] = read(set, each.from, 50, 40);
    CHECK(got.empty());
    REQUIRE(outcome.loss);
    CHECK(outcome.loss->from == each.from);
    CHECK(outcome.loss->through == each.through);
    CHECK(outcome.loss->reason == each.reason);
    CHECK(outcome.next == each.through + 1);
  }
  CHECK(read(set, 11, 50, 40).got == std::vector<Sequence>{11, 12});  // stops before the hole
  CHECK_FALSE(read(set, 11, 50, 40).outcome.loss);
}

TEST_CASE("SegmentSet: a segment replaced or dropped under a reader is looked for again") {
  SegmentSet set;
  // Its files go while it is read: the sealed form has taken its place, or nothing has.
  class Vanishing final : public Segment {
   public:
    Vanishing(SegmentSet& where, SegmentPtr instead) : set_(where), instead_(std::move(instead)) {}
    const SegmentInfo& info() const override { return info_; }
    bool sealed() const override { return false; }
    ReadOutcome read(Sequence from, ReadLimits, const StoredLog::OnLine&) const override {
      if (instead_)
        set_.replace(instead_);
      else
        set_.remove(1);
      return {4, Loss{from, 3, LossReason::corrupt}};
    }
    Sequence first_since(std::int64_t) const override { return 1; }

   private:
    SegmentSet& set_;
    const SegmentPtr instead_;
    const SegmentInfo info_{.base = 1, .count = 3};
  };
  set.assign({std::make_shared<Vanishing>(set, segment(1, 3, 0)), segment(4, 1, 3)});
  CHECK(read(set, 1, 5, 4).got == std::vector<Sequence>{1, 2, 3, 4});

  set.assign({std::make_shared<Vanishing>(set, nullptr), segment(4, 1, 3)});
  set.set_expired_through(3);
  const auto [got, outcome] = read(set, 2, 5, 4);
  REQUIRE(outcome.loss);
  CHECK(outcome.loss->reason == LossReason::expired);
  CHECK(outcome.loss->through == 3);

  set.assign({segment(1, 3, 0, /*gone=*/true), segment(4, 1, 3)});  // lost, and nobody's wish
  REQUIRE(read(set, 2, 5, 4).outcome.loss);
  CHECK(read(set, 2, 5, 4).outcome.loss->reason == LossReason::corrupt);
}

TEST_CASE("SegmentSet: the first entry since a time is in the first segment that ends after it") {
  SegmentSet set;
  CHECK(set.first_since(0) == 0);
  set.assign({segment(1, 3, 0), segment(4, 3, 3)});
  CHECK(set.first_since(0) == 2);
  CHECK(set.first_since(4001) == 5);
  CHECK(set.first_since(8000) == 0);
}

}  // namespace
}  // namespace devs
