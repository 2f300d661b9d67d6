#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/streams/topic.h"

namespace devs {

// What a reader wants of the log: entries on any of its topics of which all else
// holds too.  Means the same live and in replay, because both ask matches().
//
// A value; lists are sorted, each value once.
struct Filter {
  std::vector<Topic> topics{Topic{}};                                 // never empty
  std::string task_id, session_id, agent_id;                          // empty: any
  std::vector<std::string> types, tools, agents, sessions, statuses;  // any of; empty: any
  std::vector<std::string> names;  // of events: exact, or `edge.*`; empty: any
  std::optional<double> min_duration_ms;
  std::string owner = {};  // only what this principal published; empty: anybody's

  // An entry that lacks a fact does not match what asks for it.
  bool matches(const EntryView& entry) const;
  // True when matches() is for every entry on `all`.
  bool takes_all() const;

  // Where entries that match are found: each of them is on at least one of these.
  // Its topics, or what is narrower than `all`.
  std::vector<Topic> places() const;

  // Equal keys, equal filters.
  std::string key() const;
  bool operator==(const Filter&) const = default;
};

// `prefix.*` admits `prefix` and what begins with `prefix.` or `prefix_`; anything else
// admits itself.
bool admits_name(std::string_view pattern, std::string_view name);

}  // namespace devs
