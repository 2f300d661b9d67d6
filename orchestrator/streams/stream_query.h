#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/net/principal.h"
#include "orchestrator/net/request_head.h"
#include "orchestrator/streams/filter.h"

namespace devs {

// A parameter that breaks its grammar, as the answer names it.
struct BadParameter {
  std::string_view field;
  std::string_view message;
};
HttpAnswer bad_parameter(const BadParameter& bad);

// The filter parameters of streams 3.3: `topics`, `taskId`, `sessionId`, `agentId`,
// `types` (or `type`), `tool`, `agent`, `session`, `status`, `min_duration_ms`.
// Without `topics` the narrowest of the three ids is the topic; every other one, and
// all of them beside `topics`, filter.  `bad` is set when one is refused.
Filter filter_of(const RequestHead& head, bool ids_are_uuids, BadParameter& bad);

// The filter of a stream of one topic: `filter`, names of events (streams 3.3).  `topic`
// names parameters of the path, as a StreamProfile's, which `bad` names when they make
// none.
Filter topic_filter_of(const RequestHead& head, std::string_view topic, const Principal& reader,
                       BadParameter& bad);

// `batch`, of a socket: how long thoughts are gathered; zero when it was not sent.
std::chrono::milliseconds batch_of(const RequestHead& head, BadParameter& bad);

// A reader follows so many topics: an entry is compared with each.
inline constexpr std::size_t kMaxTopics = 16;
inline constexpr std::string_view kTopicsGrammar =
    "must be 1 to 16 of all, task:<id>, session:<id>, agent:<id>, graph, channel:<name>/<id>";

// Sorted, each once.  False: one is no topic, or they are none or too many.
bool settle_topics(const std::vector<std::string>& texts, bool ids_are_uuids,
                   std::vector<Topic>& topics);

}  // namespace devs
