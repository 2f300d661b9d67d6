#pragma once

#include <string>
#include <variant>
#include <vector>

#include "orchestrator/net/http_message.h"
#include "orchestrator/streams/stream_reader.h"

namespace devs {

// Topics of an open stream, changed by who reads it: over HTTP, or in its own words.
struct ChangedTopics {
  std::string list;   // as asked, each a JSON string, commas between
  Sequence from = 1;  // the first sequence they hold for
};
// Or the answer that refuses: 400 grammar, 401 and 403 rights.  Then nothing changed.
using TopicChangeOutcome = std::variant<ChangedTopics, HttpAnswer>;

// As they were asked for: who has not the operator role asked for `all` of its own.
std::vector<std::string> topic_texts(const Filter& filter);

// Confined to the reactor.
TopicChangeOutcome change_topics(StreamReader& reader, const std::vector<std::string>& texts);
// The same with none.
TopicChangeOutcome follow_nothing(StreamReader& reader);

}  // namespace devs
