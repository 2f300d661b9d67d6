#include "orchestrator/streams/topic.h"

#include <algorithm>
#include <array>

#include "protocol/ids.h"

namespace devs {
namespace {

constexpr std::size_t kMaxChannelName = 32;

struct Form {
  std::string_view prefix;
  TopicKind kind;
};
constexpr std::array<Form, 5> kForms{{{"task:", TopicKind::task},
                                      {"session:", TopicKind::session},
                                      {"agent:", TopicKind::agent},
                                      {"channel:", TopicKind::channel},
                                      {"owner:", TopicKind::owner}}};

bool is_channel_id(std::string_view id) {
  const std::size_t slash = id.find('/');
  return slash != std::string_view::npos && is_channel_name(id.substr(0, slash)) &&
         is_saop_id(id.substr(slash + 1));
}

std::optional<TopicView> form_of(std::string_view text) {
  if (text == "all") return TopicView{TopicKind::all, {}};
  if (text == "graph") return TopicView{TopicKind::graph, {}};
  for (const Form& form : kForms)
    if (text.starts_with(form.prefix)) return TopicView{form.kind, text.substr(form.prefix.size())};
  return std::nullopt;
}

}  // namespace

bool is_channel_name(std::string_view name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= kMaxChannelName && is_lower(name.front()) &&
         std::all_of(name.begin(), name.end(), [is_lower](char c) {
           return is_lower(c) || (c >= '0' && c <= '9') || c == '-';
         });
}

std::optional<Topic> parse_topic(std::string_view text, bool ids_are_uuids) {
  const std::optional<TopicView> topic = form_of(text);
  if (!topic) return std::nullopt;
  bool fits = true;
  switch (topic->kind) {
    case TopicKind::all:
    case TopicKind::graph:
    case TopicKind::tool:
      break;
    case TopicKind::channel:
      fits = is_channel_id(topic->id);
      break;
    case TopicKind::task:
    case TopicKind::session:
    case TopicKind::agent:
      fits = ids_are_uuids ? is_uuid(topic->id) : is_saop_id(topic->id);
      break;
    case TopicKind::owner:
      fits = false;
  }
  if (!fits) return std::nullopt;
  return Topic{topic->kind, std::string(topic->id)};
}

std::optional<Topic> parse_owner_topic(std::string_view text) {
  const std::optional<TopicView> topic = form_of(text);
  if (!topic || topic->kind != TopicKind::owner || !is_saop_id(topic->id)) return std::nullopt;
  return Topic{topic->kind, std::string(topic->id)};
}

std::string text_of(const TopicView& topic) {
  if (topic.kind == TopicKind::graph) return "graph";
  if (topic.kind == TopicKind::tool) return "tool:" + std::string(topic.id);
  for (const Form& form : kForms)
    if (form.kind == topic.kind) return std::string(form.prefix) + std::string(topic.id);
  return "all";
}

std::optional<TopicView> next_carried(std::string_view& rest) {
  const std::size_t comma = rest.find(',');
  const std::string_view text = rest.substr(0, comma);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return form_of(text);
}

}  // namespace devs
