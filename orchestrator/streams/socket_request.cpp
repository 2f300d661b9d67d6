#include "orchestrator/streams/socket_request.h"

#include <optional>
#include <utility>

#include "orchestrator/streams/topic.h"
#include "protocol/ids.h"
#include "protocol/json.h"

namespace devs {
namespace {

// Of all one frame may hold; no message we know is deeper than one object.
constexpr JsonBounds kMessageJson{64 * 1024 + 1, 8, 1024, 1024, 256, 64};

}  // namespace

SocketRequest read_socket_request(std::string_view message) {
  using Kind = SocketRequest::Kind;
  const Result<std::string> text = compact_json(message, kMessageJson);
  if (!text.ok())
    return {text.status().code() == Code::resource_exhausted ? Kind::unknown : Kind::not_json};
  const JsonView object(*text);
  if (!object.is_object()) return {Kind::not_json};
  JsonView subscribe, unsubscribe, type, since;
  object.pick({{"subscribe", &subscribe},
               {"unsubscribe", &unsubscribe},
               {"type", &type},
               {"sinceCheckpointId", &since}});
  SocketRequest request{Kind::unknown};
  JsonView value;
  for (const auto& [asked, kind, of] : {std::tuple{subscribe.present(), Kind::subscribe, subscribe},
                                        {unsubscribe.present(), Kind::unsubscribe, unsubscribe},
                                        {type.is("SYNC_REQUEST"), Kind::sync, since}}) {
    if (!asked) continue;
    if (request.kind != Kind::unknown) return {Kind::unknown};
    request.kind = kind;
    value = of;
  }
  if (request.kind == Kind::unknown) return request;
  std::optional<std::string> given = value.string();
  if (!given) return {Kind::unknown};
  request.text = std::move(*given);
  return request;
}

std::string socket_topic(std::string_view text) {
  if (text == "*") return "all";
  if (parse_topic(text, false) || !is_saop_id(text)) return std::string(text);
  return text_of(TopicView{TopicKind::task, text});
}

}  // namespace devs
