#include "trace/segment_set.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace devs {
namespace {

// The first segment that ends at or after `sequence`.
SegmentSet::List::const_iterator at_or_after(const SegmentSet::List& list, Sequence sequence) {
  return std::partition_point(list.begin(), list.end(), [sequence](const SegmentPtr& segment) {
    return segment->info().last() < sequence;
  });
}

// The first run of what is missing between `from` and `next_base`, whose file says
// that `previous_last` was given before it.
Loss missing(Sequence from, Sequence next_base, Sequence previous_last, Sequence expired_through) {
  const Sequence through = next_base - 1;
  if (from <= expired_through)
    return {from, std::min(through, expired_through), LossReason::expired};
  if (from <= previous_last) return {from, std::min(through, previous_last), LossReason::corrupt};
  return {from, through, LossReason::recorder};
}

}  // namespace

std::shared_ptr<const SegmentSet::List> SegmentSet::list() const {
  MutexLock lock(mutex_);
  return list_;
}

void SegmentSet::assign(List segments) {
  auto changed = std::make_shared<const List>(std::move(segments));
  MutexLock lock(mutex_);
  list_ = std::move(changed);
}

void SegmentSet::push_back(SegmentPtr segment) {
  MutexLock lock(mutex_);
  assert(list_->empty() || list_->back()->info().last() < segment->info().base);
  auto changed = std::make_shared<List>(*list_);
  changed->push_back(std::move(segment));
  list_ = std::move(changed);
}

void SegmentSet::replace(SegmentPtr segment) {
  MutexLock lock(mutex_);
  auto changed = std::make_shared<List>(*list_);
  for (SegmentPtr& each : *changed)
    if (each->info().base == segment->info().base) each = segment;
  list_ = std::move(changed);
}

void SegmentSet::remove(Sequence base) {
  MutexLock lock(mutex_);
  auto changed = std::make_shared<List>(*list_);
  std::erase_if(*changed, [base](const SegmentPtr& each) { return each->info().base == base; });
  list_ = std::move(changed);
}

Sequence SegmentSet::expired_through() const {
  MutexLock lock(mutex_);
  return expired_through_;
}

void SegmentSet::set_expired_through(Sequence sequence) {
  MutexLock lock(mutex_);
  expired_through_ = std::max(expired_through_, sequence);
}

ReadOutcome SegmentSet::read(Sequence from, Sequence end, Sequence previous_last, ReadLimits limits,
                             const StoredLog::OnLine& on_line) const {
  const Sequence begin = from;
  std::size_t bytes = 0;
  const StoredLog::OnLine counted = [&](const StoredLine& line) {
    bytes += line.body.size();
    on_line(line);
  };
  while (from < end && (from == begin || (from - begin < limits.entries && bytes < limits.bytes))) {
    const auto segments = list();
    const auto at = at_or_after(*segments, from);
    const bool inside = at != segments->end() && (*at)->info().base <= from;
    if (!inside) {
      if (from > begin) break;
      const bool between = at != segments->end() && (*at)->info().base < end;
      const Loss loss = between ? missing(from, (*at)->info().base, (*at)->info().previous_last,
                                          expired_through())
                                : missing(from, end, previous_last, expired_through());
      return {loss.through + 1, loss};
    }
    const ReadOutcome read =
        (*at)->read(from,
                    {.entries = limits.entries - static_cast<std::size_t>(from - begin),
                     .bytes = limits.bytes - bytes},
                    counted);
    if (read.loss) {
      // It may have been sealed or dropped since we looked: then its files are gone, and
      // another segment, or retention, has the word.
      const auto now = list();
      if (std::find(now->begin(), now->end(), *at) == now->end()) continue;
      if (from > begin) break;
      return read;
    }
    if (read.next <= from) break;
    from = read.next;
  }
  return {from, {}};
}

Sequence SegmentSet::first_since(std::int64_t ms) const {
  const auto segments = list();  // held while we look
  for (const SegmentPtr& segment : *segments) {
    if (segment->info().last_ms < ms) continue;
    if (const Sequence first = segment->first_since(ms); first <= segment->info().last())
      return first;
  }
  return 0;
}

}  // namespace devs
