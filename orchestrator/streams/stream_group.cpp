#include "orchestrator/streams/stream_group.h"

#include <algorithm>

namespace devs {

void WaitLink::unlink() {
  if (!linked()) return;
  next->previous = previous;
  previous->next = next;
  next = previous = nullptr;
}

void WaitList::push_back(WaitLink& link) {
  link.next = &end_;
  link.previous = end_.previous;
  end_.previous->next = &link;
  end_.previous = &link;
}

FrameBatchPtr StreamGroup::find(Sequence from) const {
  if (batches.empty() || batches.back()->last < from) return nullptr;
  // A reader at the head wants the newest one.
  if (batches.size() == 1 || batches[batches.size() - 2]->last < from) return batches.back();
  return *std::lower_bound(
      batches.begin(), batches.end(), from,
      [](const FrameBatchPtr& batch, Sequence wanted) { return batch->last < wanted; });
}

GroupPtr TopicIndex::join(const Filter& filter, Projection projection, bool chunked,
                          Sequence looked) {
  std::string key(projection == Projection::raw ? "raw" : "console");
  key += chunked ? "/chunked\n" : "/bare\n";
  key += filter.key();
  GroupPtr& group = groups_[key];
  if (!group) {
    group = std::make_shared<StreamGroup>();
    group->id = ++last_id_;
    group->key = std::move(key);
    group->filter = filter;
    group->projection = projection;
    group->chunked = chunked;
    group->since = looked + 1;
    Places* const places = places_of(filter.topic);
    (places ? (*places)[std::string(filter.topic_id())] : all_).push_back(group);
  }
  ++group->readers;
  return group;
}

void TopicIndex::leave(const GroupPtr& group) {
  if (--group->readers > 0) return;
  group->batches.clear();
  if (Places* const places = places_of(group->filter.topic)) {
    const auto at = places->find(group->filter.topic_id());
    std::erase(at->second, group);
    if (at->second.empty()) places->erase(at);
  } else {
    std::erase(all_, group);
  }
  groups_.erase(group->key);
}

const std::vector<GroupPtr>& TopicIndex::place(const Places& places, std::string_view id) {
  static const std::vector<GroupPtr> kNone;
  if (id.empty()) return kNone;
  const auto at = places.find(id);
  return at == places.end() ? kNone : at->second;
}

TopicIndex::Places* TopicIndex::places_of(Filter::Topic topic) {
  switch (topic) {
    case Filter::Topic::task: return &tasks_;
    case Filter::Topic::session: return &sessions_;
    case Filter::Topic::agent: return &agents_;
    case Filter::Topic::all: break;
  }
  return nullptr;
}

}  // namespace devs
