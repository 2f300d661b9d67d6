#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "orchestrator/export/envelope_parts.h"

namespace devs {

// What actions that wait for their observation may cost.  A log in which millions of
// calls never end is exported in this much memory all the same.
inline constexpr std::size_t kMaxOpenCallBytes = 64u * 1024u * 1024u;

// Brings an action and its observation together, by `tool_call_id`.  `Mark` is what
// the exporter remembers about the call besides.
template <class Mark>
class OpenCalls {
 public:
  struct Call {
    EnvelopeParts action;
    bool matches = false;
    Mark mark = {};
  };

  explicit OpenCalls(std::size_t max_bytes = kMaxOpenCallBytes) : max_bytes_(max_bytes) {}

  // Returns the calls that have to be told without their end: those whose id is used
  // again or missing, and the oldest when they cost too much.
  std::vector<Call> open(Call call) {
    std::vector<Call> given_up;
    if (call.action.tool_call_id.empty()) {
      given_up.push_back(std::move(call));
      return given_up;
    }
    if (const auto same = by_id_.find(call.action.tool_call_id); same != by_id_.end())
      given_up.push_back(extract(same->second));
    bytes_ += cost_of(call);
    calls_.push_back(std::move(call));
    by_id_.emplace(calls_.back().action.tool_call_id, std::prev(calls_.end()));
    while (bytes_ > max_bytes_ && calls_.size() > 1) given_up.push_back(extract(calls_.begin()));
    return given_up;
  }

  // The call an observation ends; nullopt: nobody knows it.
  std::optional<Call> take(const std::string& tool_call_id) {
    const auto found = by_id_.find(tool_call_id);
    if (found == by_id_.end()) return std::nullopt;
    return extract(found->second);
  }

  // Those still open, in the order of the log.
  std::vector<Call> take_all() {
    std::vector<Call> rest;
    while (!calls_.empty()) rest.push_back(extract(calls_.begin()));
    return rest;
  }

 private:
  using Place = typename std::list<Call>::iterator;

  // Twice the id and the nodes of two containers, about.
  static std::size_t cost_of(const Call& call) {
    return call.action.bytes() + call.action.tool_call_id.size() + 128;
  }
  Call extract(Place place) {
    bytes_ -= cost_of(*place);
    by_id_.erase(place->action.tool_call_id);
    Call call = std::move(*place);
    calls_.erase(place);
    return call;
  }

  const std::size_t max_bytes_;
  std::list<Call> calls_;
  std::unordered_map<std::string, Place> by_id_;
  std::size_t bytes_ = 0;
};

}  // namespace devs
