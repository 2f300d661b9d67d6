#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/net/request_head.h"
#include "protocol/envelope.h"
#include "protocol/result.h"

namespace devs {

// What a group of readers follows: one topic, by which it is found, and what else
// must hold.  Several topics on one stream come with another kind of Topic here
// and more than one place in TopicIndex; a group will still see each entry once.
//
// A value.
struct Filter {
  enum class Topic { all, task, session, agent };

  Topic topic = Topic::all;  // the narrowest id that was given
  std::string task_id, session_id, agent_id;  // empty: any
  std::vector<std::string> types;             // empty: any; sorted, each once

  std::string_view topic_id() const;  // the id of `topic`; empty for all
  bool matches(const EnvelopeFacts& facts) const;
  // Equal keys, equal filters.
  std::string key() const;
  bool operator==(const Filter&) const = default;
};

// A parameter that breaks its grammar, as the answer names it.
struct BadParameter {
  std::string_view field;
  std::string_view message;
};

// The filter parameters of streams 3.3.  `bad` is set when they are refused.
Filter filter_of(const RequestHead& head, bool ids_are_uuids, BadParameter& bad);

}  // namespace devs
