#include "orchestrator/streams/topic_change.h"

#include <optional>
#include <utility>

#include "orchestrator/streams/rights.h"
#include "orchestrator/streams/stream_query.h"
#include "protocol/json.h"

namespace devs {

std::vector<std::string> topic_texts(const Filter& filter) {
  std::vector<std::string> texts;
  for (const Topic& topic : filter.topics)
    if (topic != no_topic())
      texts.push_back(topic.kind == TopicKind::owner ? "all" : text_of(topic));
  return texts;
}

TopicChangeOutcome change_topics(StreamReader& reader, const std::vector<std::string>& texts) {
  std::vector<Topic> topics;
  if (!settle_topics(texts, reader.ids_are_uuids(), topics))
    return bad_parameter({"topics", kTopicsGrammar});
  ChangedTopics changed;
  for (const Topic& topic : topics) {
    if (!changed.list.empty()) changed.list += ',';
    changed.list += json_string(text_of(topic));
  }
  Filter asked;
  asked.topics = std::move(topics);
  if (auto refusal = narrow_to_rights(reader.principal(), asked)) return std::move(*refusal);
  changed.from = reader.follow(std::move(asked.topics));
  return changed;
}

TopicChangeOutcome follow_nothing(StreamReader& reader) {
  return ChangedTopics{.list = {}, .from = reader.follow({no_topic()})};
}

}  // namespace devs
