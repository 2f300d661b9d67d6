#include "orchestrator/channels/channel_path.h"

#include <fmt/format.h>

#include <string>

#include "orchestrator/streams/stream_query.h"

namespace devs {

std::optional<ChannelKey> channel_of(const RequestHead& head, const ChannelWords& words) {
  const std::string* const name = head.param("name");
  const std::string* const id = head.param(words.id_member);
  return channel_key(name == nullptr ? kDebates : std::string_view(*name),
                     id == nullptr ? std::string_view() : std::string_view(*id));
}

HttpAnswer bad_channel(const ChannelWords& words) {
  return bad_parameter({words.id_member, kChannelGrammar});
}

HttpAnswer channel_not_found(const ChannelKey& key, const ChannelWords& words) {
  return json_answer(404, fmt::format(R"({{"error":"{} not found","{}":"{}"}})", words.noun,
                                      words.id_member, key.id));
}

}  // namespace devs
