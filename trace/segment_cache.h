#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <utility>

#include "trace/file.h"
#include "trace/mutex.h"
#include "trace/segment_block.h"
#include "trace/segment_format.h"

namespace devs {

// A sealed segment that is being read: its data file and its table.  Immutable.
struct OpenedSegment {
  std::unique_ptr<const File> data;
  SegmentTable table;
};

// What the readers of all sealed segments of one log share, so that a hundred of them
// in one place open and expand once, and ten thousand segments hold few descriptors.
// What is not kept is read again.  Thread-safe; calls nobody.
class SegmentCache {
 public:
  struct Options {
    std::size_t segments = 32;  // opened: a descriptor and a table each
    // Of expanded blocks: some fifty readers at different places.
    std::size_t block_bytes = 16u * 1024u * 1024u;
  };
  SegmentCache() : SegmentCache(Options()) {}
  explicit SegmentCache(Options options) : options_(options) {}

  std::uint64_t new_id() { return ++ids_; }  // of one segment

  std::shared_ptr<const OpenedSegment> segment(std::uint64_t id) DEVS_EXCLUDES(mutex_);
  void keep(std::uint64_t id, std::shared_ptr<const OpenedSegment> segment) DEVS_EXCLUDES(mutex_);
  std::shared_ptr<const ExpandedBlock> block(std::uint64_t id, std::size_t index)
      DEVS_EXCLUDES(mutex_);
  void keep(std::uint64_t id, std::size_t index, std::shared_ptr<const ExpandedBlock> block)
      DEVS_EXCLUDES(mutex_);
  void forget(std::uint64_t id) DEVS_EXCLUDES(mutex_);

 private:
  using BlockKey = std::pair<std::uint64_t, std::size_t>;
  // What was used last is in front.
  template <class Key, class Value>
  struct Recent {
    using Order = std::list<std::pair<Key, std::shared_ptr<const Value>>>;
    Order order;
    std::map<Key, typename Order::iterator> where;

    std::shared_ptr<const Value> find(const Key& key) {
      const auto found = where.find(key);
      if (found == where.end()) return nullptr;
      order.splice(order.begin(), order, found->second);
      return order.front().second;
    }
    bool put(const Key& key, std::shared_ptr<const Value> value) {
      if (where.contains(key)) return false;
      order.emplace_front(key, std::move(value));
      where.emplace(key, order.begin());
      return true;
    }
    std::shared_ptr<const Value> drop_last() {
      auto value = std::move(order.back().second);
      where.erase(order.back().first);
      order.pop_back();
      return value;
    }
  };

  const Options options_;
  std::atomic<std::uint64_t> ids_{0};
  Mutex mutex_;
  Recent<std::uint64_t, OpenedSegment> segments_ DEVS_GUARDED_BY(mutex_);
  Recent<BlockKey, ExpandedBlock> blocks_ DEVS_GUARDED_BY(mutex_);
  std::size_t kept_bytes_ DEVS_GUARDED_BY(mutex_) = 0;  // of blocks_
};

}  // namespace devs
