#include "orchestrator/streams/topic_table.h"

namespace devs {

TopicId TopicTable::acquire(const TopicView& topic) {
  if (const auto known = find(topic)) {
    ++slots_[*known].followers;
    return *known;
  }
  if (free_.empty()) {
    free_.push_back(static_cast<TopicId>(slots_.size()));
    slots_.emplace_back();
  }
  const TopicId id = free_.back();
  free_.pop_back();
  const auto at = ids_.emplace(Topic{topic.kind, std::string(topic.id)}, id).first;
  slots_[id] = {at, 1};
  ++of_kind_[static_cast<std::size_t>(topic.kind)];
  return id;
}

void TopicTable::release(TopicId id) {
  Slot& slot = slots_[id];
  if (--slot.followers > 0) return;
  --of_kind_[static_cast<std::size_t>(slot.topic->first.kind)];
  ids_.erase(slot.topic);
  free_.push_back(id);
}

std::optional<TopicId> TopicTable::find(const TopicView& topic) const {
  if (of_kind_[static_cast<std::size_t>(topic.kind)] == 0) return std::nullopt;
  const auto found = ids_.find(topic);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

}  // namespace devs
