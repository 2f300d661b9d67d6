#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "orchestrator/streams/stream_group.h"
#include "orchestrator/streams/topic_table.h"

namespace devs {

// Which groups may want an entry: found by the topics it is on, so that publishing
// costs the groups that follow one of them, not those there are.
//
// Confined to the reactor.
class TopicIndex {
 public:
  // The group of that filter, made when it is the first reader's.
  GroupPtr join(const Filter& filter, const StreamView& view, Sequence looked);
  // A group of one reader, which no entry finds: for who reads the past alone.
  GroupPtr apart(const Filter& filter, const StreamView& view);
  // One reader less; the group goes with the last one.
  void leave(const GroupPtr& group);

  // f(const GroupPtr&) once for each group whose filter matches.
  // REQUIRES: entries come in order, and f neither joins nor leaves.
  template <class F>
  void each_match(const EntryView& entry, F&& f) const {
    const auto visit = [&](const TopicView& topic) {
      const auto id = topics_.find(topic);
      if (!id) return;
      for (const GroupPtr& group : places_[*id]) {
        if (group->visited == entry.sequence) continue;  // found under another topic
        group->visited = entry.sequence;
        if (group->filter.matches(entry)) f(group);
      }
    };
    each_topic(entry, visit);
    if (!entry.facts.tool.empty()) visit(TopicView{TopicKind::tool, entry.facts.tool});
  }
  template <class F>
  void each(F&& f) const {
    for (const auto& [key, group] : groups_) f(group);
  }
  std::size_t size() const { return groups_.size(); }
  std::size_t topics() const { return topics_.size(); }

 private:
  GroupPtr make(const Filter& filter, const StreamView& view);

  std::uint64_t last_id_ = 0;
  std::unordered_map<std::string, GroupPtr> groups_;
  TopicTable topics_;
  std::vector<std::vector<GroupPtr>> places_;  // by TopicId
};

}  // namespace devs
