#include "orchestrator/streams/rights.h"

#include <algorithm>

#include "orchestrator/access/access.h"

namespace devs {
namespace {

bool is_for_operators(const Topic& topic) {
  return topic.kind == TopicKind::all || topic.kind == TopicKind::graph;
}

bool covers(const Principal& reader, const TopicView& topic) {
  const auto& scope = reader.grant->scope;
  const auto has = [&scope](const TopicView& one) {
    return std::ranges::find(scope, text_of(one)) != scope.end();
  };
  if (has(topic)) return true;
  if (topic.kind == TopicKind::channel || topic.kind == TopicKind::graph) return false;
  // Of a user's topics come its own entries, so these are no more than all its own.
  return has({TopicKind::all, {}}) || (!reader.is_operator && has({TopicKind::owner, reader.name}));
}

}  // namespace

std::optional<HttpAnswer> narrow_to_rights(const Principal& reader, Filter& filter) {
  if (!reader.is_operator) {
    filter.owner = reader.name;
    for (Topic& topic : filter.topics) {
      if (topic.kind == TopicKind::graph) return error_answer(403, "FORBIDDEN", "scope");
      if (topic.kind == TopicKind::all) topic = {TopicKind::owner, reader.name};
    }
    std::ranges::sort(filter.topics);
  }
  if (reader.grant && !std::ranges::all_of(filter.topics, [&reader](const Topic& topic) {
        return covers(reader, topic);
      }))
    return unauthorized(kStreamTokenScope);
  return std::nullopt;
}

bool may_follow(const Principal& reader, const Topic& topic) {
  return reader.is_operator ||
         (!is_for_operators(topic) && (topic.kind != TopicKind::owner || topic.id == reader.name));
}

}  // namespace devs
