#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/dice.h"

namespace devs {

// What the model of the whole house publishes, as plain members, and what its readers
// ask for.  Both know by themselves what matches what; nothing here asks the product.
struct ModelEntry {
  std::string type;  // thought action observation hitl lifecycle system channel graph note
  std::string task, session, agent;  // empty: absent
  std::string tool, status;          // of actions and observations, of observations
  std::optional<unsigned> duration_ms;
  std::string event;            // of hitl, lifecycle and system, as the publisher wrote it
  std::string carried;          // topics the envelope does not name itself; commas between
  std::string number;           // the only one of its kind
  std::string words;            // what a console shows of it
  std::size_t padding = 0;      // bytes
  bool stamped = true;          // has timestamp_ns
  bool older_spelling = false;  // taskId for task_id
  bool type_first = true;

  std::string body() const;
  // What `raw` names its event; what a console is shown (nullopt: nothing).
  std::string event_name() const;
  std::optional<std::string> console() const;
  bool is_on(const std::string& topic) const;
};

// One of a reader's wishes.
struct ModelWish {
  std::set<std::string> topics{"all"};
  std::string task, session, agent;                                // empty: any
  std::set<std::string> types, tools, agents, sessions, statuses;  // empty: any
  std::optional<unsigned> min_duration_ms;
  bool console = false;

  // With these topics in place of its own: they change while it is open.
  bool wants(const ModelEntry& entry, const std::set<std::string>& on) const;
};

// Few values, so that entries and wishes meet.
inline const std::vector<std::string> kModelIds{"a", "b", "0d9f3c1e-6a52-4b7e-9c1d-2f8a5b3e7c40"};
inline const std::vector<std::string> kModelTools{"read", "write"};
inline const std::vector<std::string> kModelStatuses{"SUCCESS", "TOOL_ERROR"};
inline const std::vector<std::string> kModelTypes{
    "thought", "action", "observation", "hitl", "system", "lifecycle", "channel", "graph", "note"};

// `carries`: may be on topics it does not name itself.  `fat`: some are kilobytes.
ModelEntry any_entry(Dice& dice, std::string number, bool carries, bool fat);
std::vector<std::string> any_topics(Dice& dice, bool uuids);

}  // namespace devs
