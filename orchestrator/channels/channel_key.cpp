#include "orchestrator/channels/channel_key.h"

#include "orchestrator/streams/topic.h"

namespace devs {
namespace {

ChannelKey split(std::string_view text) {
  const std::size_t slash = text.find('/');
  return {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

}  // namespace

std::optional<ChannelKey> channel_key(std::string_view name, std::string_view id) {
  ChannelKey key{std::string(name), std::string(id)};
  const auto topic = parse_topic(key.topic(), false);
  if (!topic || split(topic->id) != key) return std::nullopt;
  return key;
}

std::optional<ChannelKey> channel_in(std::string_view topics) {
  while (!topics.empty()) {
    const auto topic = next_carried(topics);
    if (topic && topic->kind == TopicKind::channel && topic->id.find('/') != topic->id.npos)
      return split(topic->id);
  }
  return std::nullopt;
}

std::string_view id_member_of(std::string_view name) {
  return name == kDebates ? "debateId" : "id";
}

}  // namespace devs
