#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/simulated_disk.h"
#include "tests/trace/trace_kit.h"
#include "trace/sealed_segment.h"
#include "trace/segment.h"
#include "trace/segment_cache.h"

namespace devs {

// A line as a test keeps it.
struct KeptLine {
  Sequence sequence = 0;
  std::string body, topics;
  std::int64_t stored_ms = 0;
  bool operator==(const KeptLine&) const = default;
};
inline KeptLine kept(const StoredLine& line) {
  return {line.sequence, std::string(line.body), std::string(line.topics), line.stored_ms};
}

// A rolled segment without a file.  Lines on which `lost` says true are lost.
class MemorySegment final : public Segment {
 public:
  MemorySegment(SegmentInfo info, std::vector<KeptLine> lines, std::vector<Sequence> lost = {})
      : info_(info), lines_(std::move(lines)), lost_(std::move(lost)) {}

  const SegmentInfo& info() const override { return info_; }
  bool sealed() const override { return false; }
  ReadOutcome read(Sequence from, ReadLimits limits,
                   const StoredLog::OnLine& on_line) const override {
    if (is_lost(from)) return {from + 1, Loss{from, from, LossReason::corrupt}};
    Sequence at = from;
    std::size_t bytes = 0;
    for (; at <= info_.last() && !is_lost(at); ++at) {
      const KeptLine& line = lines_[static_cast<std::size_t>(at - info_.base)];
      bytes += line.body.size();
      if (at > from && (at - from >= limits.entries || bytes > limits.bytes)) break;
      on_line({line.sequence, line.body, line.topics, line.stored_ms});
    }
    return {at, {}};
  }
  Sequence first_since(std::int64_t ms) const override {
    for (const KeptLine& line : lines_)
      if (line.stored_ms >= ms) return line.sequence;
    return info_.last() + 1;
  }
  const std::vector<KeptLine>& lines() const { return lines_; }

 private:
  bool is_lost(Sequence sequence) const {
    return std::find(lost_.begin(), lost_.end(), sequence) != lost_.end();
  }
  const SegmentInfo info_;
  const std::vector<KeptLine> lines_;
  const std::vector<Sequence> lost_;
};

inline constexpr std::int64_t kSomeMs = 1'795'224'245'120;

// `count` lines from `base` on, stored in groups of three, 10 ms apart.  `size`: of a
// body, filled with what does not compress well.
inline std::shared_ptr<const MemorySegment> rolled_of(Sequence base, std::uint64_t count,
                                                      std::size_t size = 0,
                                                      std::vector<Sequence> lost = {}) {
  std::mt19937 random(static_cast<unsigned>(base * 31 + count));
  std::vector<KeptLine> lines;
  for (Sequence sequence = base; sequence < base + count; ++sequence) {
    std::string word = std::to_string(sequence) + ":";
    while (word.size() < size)
      word += "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[random() % 64];
    const auto group = static_cast<std::int64_t>((sequence - base) / 3);
    lines.push_back(
        {sequence, body_of(word), sequence % 4 == 0 ? "owner:u1" : "", kSomeMs + 10 * group});
  }
  const SegmentInfo info{.base = base,
                         .count = count,
                         .first_ms = lines.front().stored_ms,
                         .last_ms = lines.back().stored_ms,
                         .previous_last = base - 1,
                         .open_from = base,
                         .last_stamp_ns = kSomeMs * 1'000'000 + static_cast<std::int64_t>(base)};
  return std::make_shared<MemorySegment>(info, std::move(lines), std::move(lost));
}

// Everything a reader gets of `segment`, `at_once` lines at a time.
struct Delivery {
  std::vector<KeptLine> lines;
  std::vector<Loss> losses;
};
inline Delivery read_all(const Segment& segment, std::size_t at_once = 1024) {
  Delivery got;
  for (Sequence next = segment.info().base; next <= segment.info().last();) {
    const std::size_t before = got.lines.size();
    const ReadOutcome outcome =
        segment.read(next, {.entries = at_once},
                     [&](const StoredLine& line) { got.lines.push_back(kept(line)); });
    REQUIRE(outcome.next > next);
    REQUIRE(outcome.next <= segment.info().last() + 1);
    if (outcome.loss) {
      REQUIRE(got.lines.size() == before);
      REQUIRE(outcome.loss->from == next);
      REQUIRE(outcome.loss->through + 1 == outcome.next);
      got.losses.push_back(*outcome.loss);
    } else {
      REQUIRE(got.lines.size() - before == outcome.next - next);
    }
    next = outcome.next;
  }
  return got;
}

// A cache that keeps nothing: each read begins at the disk.
inline std::shared_ptr<SegmentCache> no_cache() {
  return std::make_shared<SegmentCache>(SegmentCache::Options{.segments = 0, .block_bytes = 0});
}

// A disk in memory with an empty `/log/segments`.
inline std::unique_ptr<SimulatedDisk> log_disk() {
  return std::make_unique<SimulatedDisk>(DiskHistory{{{}, {"/log/segments"}}, {}});
}
inline std::filesystem::path segments_path() {
  return "/log/segments";
}

}  // namespace devs
