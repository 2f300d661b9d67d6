#include "trace/segment_cache.h"

#include <vector>

namespace devs {

std::shared_ptr<const OpenedSegment> SegmentCache::segment(std::uint64_t id) {
  MutexLock lock(mutex_);
  return segments_.find(id);
}

void SegmentCache::keep(std::uint64_t id, std::shared_ptr<const OpenedSegment> segment) {
  std::shared_ptr<const OpenedSegment> dropped;  // closed when the lock is gone
  MutexLock lock(mutex_);
  if (options_.segments == 0 || !segments_.put(id, std::move(segment))) return;
  if (segments_.order.size() > options_.segments) dropped = segments_.drop_last();
}

std::shared_ptr<const ExpandedBlock> SegmentCache::block(std::uint64_t id, std::size_t index) {
  MutexLock lock(mutex_);
  return blocks_.find({id, index});
}

void SegmentCache::keep(std::uint64_t id, std::size_t index,
                        std::shared_ptr<const ExpandedBlock> block) {
  const std::size_t bytes = block->row.raw_bytes;
  // One giant line must not push out everybody else's place.
  if (bytes > options_.block_bytes / 4) return;
  std::vector<std::shared_ptr<const ExpandedBlock>> dropped;
  MutexLock lock(mutex_);
  if (!blocks_.put({id, index}, std::move(block))) return;
  for (kept_bytes_ += bytes; kept_bytes_ > options_.block_bytes;) {
    dropped.push_back(blocks_.drop_last());
    kept_bytes_ -= dropped.back()->row.raw_bytes;
  }
}

void SegmentCache::forget(std::uint64_t id) {
  std::vector<std::shared_ptr<const ExpandedBlock>> blocks;
  std::shared_ptr<const OpenedSegment> segment;
  MutexLock lock(mutex_);
  if (const auto found = segments_.where.find(id); found != segments_.where.end()) {
    segment = std::move(found->second->second);
    segments_.order.erase(found->second);
    segments_.where.erase(found);
  }
  auto each = blocks_.where.lower_bound({id, 0});
  while (each != blocks_.where.end() && each->first.first == id) {
    blocks.push_back(std::move(each->second->second));
    kept_bytes_ -= blocks.back()->row.raw_bytes;
    blocks_.order.erase(each->second);
    each = blocks_.where.erase(each);
  }
}

}  // namespace devs
