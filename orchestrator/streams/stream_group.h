#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/streams/filter.h"
#include "orchestrator/streams/frame_batch.h"
#include "orchestrator/streams/projection.h"
#include "orchestrator/streams/topic_table.h"

namespace devs {

class StreamReader;

// A place in one list of readers; leaves it when it dies.
struct WaitLink {
  StreamReader* reader = nullptr;
  WaitLink* next = nullptr;
  WaitLink* previous = nullptr;
  bool linked() const { return next != nullptr; }
  void unlink();
};

// Readers in the order in which they ran dry.  Holds nobody alive.
class WaitList {
 public:
  WaitList() { end_.next = end_.previous = &end_; }
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;
  void push_back(WaitLink& link);  // REQUIRES: not linked
  WaitLink* front() { return end_.next == &end_ ? nullptr : end_.next; }

 private:
  WaitLink end_;
};

// How those that want the same of the log see it.  A value; what it points at outlives it.
struct StreamView {
  const Projection* projection = nullptr;
  // With the frames of an entry of such a name the stream ends; null: with none.
  const std::vector<std::string>* ends = nullptr;
  bool chunked = true;

  bool ends_with(std::string_view name) const;
  // Equal keys, equal views.
  std::string key() const;
};

// Readers that want the same bytes, and the newest of those bytes.
//
// Confined to the reactor.
struct StreamGroup {
  std::uint64_t id = 0;  // never used twice
  std::string key;
  Filter filter;
  StreamView view;
  std::size_t readers = 0;
  std::vector<TopicId> places;  // where the index finds it
  Sequence visited = 0;         // the newest entry it was compared with

  // Invariant: every match from `since` on, as far as the hub has looked, is in
  // `batches`; between two batches there is none.
  Sequence since = 1;
  std::deque<FrameBatchPtr> batches;
  Sequence last_match = 0;  // whoever waits below has something to fetch

  std::shared_ptr<FrameBatch> building;  // during one look
  bool touched = false;                  // the same
  bool due = false;                      // in the hub's list of groups to wake
  WaitList waiting;

  // The first batch that reaches `from`; null when `from` is past them all.
  FrameBatchPtr find(Sequence from) const;
};
using GroupPtr = std::shared_ptr<StreamGroup>;

}  // namespace devs
