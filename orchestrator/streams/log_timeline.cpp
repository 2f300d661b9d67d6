#include "orchestrator/streams/log_timeline.h"

#include <algorithm>
#include <chrono>

namespace devs {
namespace {

constexpr auto kGrain = std::chrono::milliseconds(20);  // marks are no closer
// And an old one no closer to its neighbour than this share of its age, which makes
// 600 marks of a month.
constexpr int kShareOfAge = 32;
constexpr std::size_t kMostMarks = 1024;

}  // namespace

void LogTimeline::mark(Sequence through, std::uint64_t bytes, TimePoint now) {
  Mark& newest = marks_.back();
  if (through <= newest.through) return;
  if (marks_.size() > 1 && now - newest.at < kGrain) {
    newest.through = through;
    newest.bytes = bytes;
    return;
  }
  if (marks_.size() >= kMostMarks) thin(now);
  marks_.push_back({through, bytes, now});
}

void LogTimeline::thin(TimePoint now) {
  std::size_t kept = 1;
  for (std::size_t at = 1; at + 1 < marks_.size(); ++at)
    if (marks_[at + 1].at - marks_[kept - 1].at >= (now - marks_[at].at) / kShareOfAge)
      marks_[kept++] = marks_[at];
  marks_[kept++] = marks_.back();
  marks_.resize(kept);
}

LogTimeline::Marks::const_iterator LogTimeline::reaching(Sequence sequence) const {
  return std::lower_bound(marks_.begin(), marks_.end(), sequence,
                          [](const Mark& mark, Sequence wanted) { return mark.through < wanted; });
}

Duration LogTimeline::age_of(Sequence sequence, TimePoint now) const {
  const auto mark = reaching(sequence);
  return mark == marks_.end() ? Duration{} : now - mark->at;
}

std::uint64_t LogTimeline::bytes_after(Sequence sequence) const {
  const auto mark = reaching(sequence);
  if (mark == marks_.end()) return 0;
  const std::uint64_t after = marks_.back().bytes - mark->bytes;
  if (mark == marks_.begin()) return after;
  // Between two marks entries count as equally large.
  const Mark& before = *(mark - 1);
  const double share = static_cast<double>(mark->through - sequence) /
                       static_cast<double>(mark->through - before.through);
  return after +
         static_cast<std::uint64_t>(share * static_cast<double>(mark->bytes - before.bytes));
}

}  // namespace devs
