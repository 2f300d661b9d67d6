#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "orchestrator/streams/topic.h"

namespace devs {

// A topic as a small integer, while somebody follows it.
using TopicId = std::uint32_t;

// Interned topics.  An id is given again only after its last follower let go.
//
// Confined to its owner.
class TopicTable {
 public:
  TopicId acquire(const TopicView& topic);
  void release(TopicId id);
  // nullopt: nobody follows it.  Costs no hash for a kind that nobody follows.
  std::optional<TopicId> find(const TopicView& topic) const;
  std::size_t size() const { return ids_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const TopicView& topic) const {
      constexpr std::size_t kSpread = 0x9e3779b97f4a7c15U;
      return std::hash<std::string_view>()(topic.id) ^
             (static_cast<std::size_t>(topic.kind) * kSpread);
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const TopicView& a, const TopicView& b) const { return a == b; }
  };
  using Ids = std::unordered_map<Topic, TopicId, Hash, Equal>;
  struct Slot {
    Ids::const_iterator topic;
    std::size_t followers = 0;
  };

  Ids ids_;
  std::vector<Slot> slots_;
  std::vector<TopicId> free_;
  std::array<std::size_t, kTopicKinds> of_kind_{};
};

}  // namespace devs
