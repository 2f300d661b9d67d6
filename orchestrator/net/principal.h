#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devs {

// The stream token a request came with: it reaches no further than its topics.
struct StreamGrant {
  std::string id;  // `jti`
  std::int64_t issued_s = 0;
  std::vector<std::string> scope;  // topics, as text
};

// Who a request speaks for.  Belongs to the request, never to the connection.
struct Principal {
  std::string name = "local";  // `local` when open, `default` for MCP_BEARER_TOKEN
  bool is_operator = true;
  std::shared_ptr<const StreamGrant> grant = nullptr;  // null: all the principal may
  bool operator==(const Principal&) const = default;
};

// The topic of what is published by or for a principal.  None in an open house: nobody
// was asked who they are, so nothing is anybody's.
inline std::string owner_topic(const Principal& principal) {
  return principal.name == "local" ? std::string() : "owner:" + principal.name;
}

// Whose an entry with these topics is; empty: nobody's.
inline std::string_view owner_in(std::string_view topics) {
  constexpr std::string_view kOwner = "owner:";
  while (!topics.empty()) {
    const std::size_t comma = topics.find(',');
    const std::string_view topic = topics.substr(0, comma);
    if (topic.starts_with(kOwner)) return topic.substr(kOwner.size());
    topics.remove_prefix(comma == topics.npos ? topics.size() : comma + 1);
  }
  return {};
}

// Whose entries alone it may see; nullopt: everybody's.
inline std::optional<std::string> sees_only(const Principal& principal) {
  return principal.is_operator ? std::nullopt : std::optional(principal.name);
}

}  // namespace devs
