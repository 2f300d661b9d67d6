#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/tool.h"

namespace devs {

// The tools of one upstream as it listed them, made fit for the registry.
struct ToolList {
  std::vector<ToolSpec> tools;       // in the upstream's order
  std::vector<std::string> dropped;  // what was left out and why, for operators
};

inline constexpr std::size_t kMaxListedTools = 10'000;
inline constexpr std::size_t kMaxListedName = 256;
inline constexpr std::size_t kMaxDescription = 16 * 1024;
inline constexpr std::size_t kMaxInputSchema = 256 * 1024;

// `pages` are results of tools/list, checked JSON text.  Names are namespaced;
// where two tools of the server would get one name, the one spelled exactly so
// keeps it and the others carry their hash, whatever the order.  Left out: tools
// over the bounds, without name or inputSchema, and second ones of a name.
// `has_tasks`: the server runs tools as tasks, and what a tool says of that counts.
ToolList decode_tool_list(std::string_view server, const std::vector<std::string>& pages,
                          bool has_tasks = false);

// Gives `tool` its hashed name: somebody else holds the plain one.
void rename_taken(ToolSpec& tool);

struct ToolListChange {
  std::vector<std::string> added, removed;  // names as hosts call them
  bool any = false;                         // these, or a definition
};
ToolListChange compare(const std::vector<ToolSpec>& before, const std::vector<ToolSpec>& after);

}  // namespace devs
