#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "orchestrator/streams/frame_batch.h"
#include "orchestrator/streams/projection.h"
#include "orchestrator/streams/stream_query.h"

namespace devs {

class SseStream;

// A place in one list of readers; leaves it when it dies.
struct WaitLink {
  SseStream* reader = nullptr;
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

// Readers that want the same bytes, and the newest of those bytes.
//
// Confined to the reactor.
struct StreamGroup {
  std::uint64_t id = 0;  // never used twice
  std::string key;
  Filter filter;
  Projection projection = Projection::raw;
  bool chunked = true;
  std::size_t readers = 0;

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

// Which groups may want an entry: found by its ids, so that publishing costs the
// groups that match, not those there are.
//
// Confined to the reactor.
class TopicIndex {
 public:
  // The group of that filter, made when it is the first reader's.
  GroupPtr join(const Filter& filter, Projection projection, bool chunked, Sequence looked);
  // One reader less; the group goes with the last one.
  void leave(const GroupPtr& group);

  // f(StreamGroup&) for each group whose filter matches.
  template <class F>
  void each_match(const EnvelopeFacts& facts, F&& f) const {
    const auto visit = [&](const std::vector<GroupPtr>& groups) {
      for (const GroupPtr& group : groups)
        if (group->filter.matches(facts)) f(group);
    };
    visit(all_);
    visit(place(tasks_, facts.task_id));
    visit(place(sessions_, facts.session_id));
    visit(place(agents_, facts.agent_id));
  }
  template <class F>
  void each(F&& f) const {
    for (const auto& [key, group] : groups_) f(group);
  }
  std::size_t size() const { return groups_.size(); }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Places = std::unordered_map<std::string, std::vector<GroupPtr>, Hash, std::equal_to<>>;

  static const std::vector<GroupPtr>& place(const Places& places, std::string_view id);
  Places* places_of(Filter::Topic topic);

  std::uint64_t last_id_ = 0;
  std::unordered_map<std::string, GroupPtr> groups_;
  std::vector<GroupPtr> all_;
  Places tasks_, sessions_, agents_;
};

}  // namespace devs
