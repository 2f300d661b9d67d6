#include "orchestrator/streams/topic_index.h"

#include <utility>

namespace devs {

GroupPtr TopicIndex::make(const Filter& filter, const StreamView& view) {
  auto group = std::make_shared<StreamGroup>();
  group->id = ++last_id_;
  group->filter = filter;
  group->view = view;
  group->readers = 1;
  return group;
}

GroupPtr TopicIndex::apart(const Filter& filter, const StreamView& view) {
  return make(filter, view);
}

GroupPtr TopicIndex::join(const Filter& filter, const StreamView& view, Sequence looked) {
  std::string key = view.key() + filter.key();
  GroupPtr& group = groups_[key];
  if (group) {
    ++group->readers;
    return group;
  }
  group = make(filter, view);
  group->key = std::move(key);
  group->since = looked + 1;
  for (const Topic& topic : filter.places()) {
    const TopicId id = topics_.acquire(topic);
    if (places_.size() <= id) places_.resize(id + 1);
    places_[id].push_back(group);
    group->places.push_back(id);
  }
  return group;
}

void TopicIndex::leave(const GroupPtr& group) {
  if (--group->readers > 0) return;
  group->batches.clear();
  for (const TopicId id : std::exchange(group->places, {})) {
    std::erase(places_[id], group);
    topics_.release(id);
  }
  groups_.erase(group->key);  // "" for one that stood apart
}

}  // namespace devs
