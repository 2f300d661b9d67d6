#include "orchestrator/upstream/tool_list.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "orchestrator/upstream/upstream_config.h"
#include "protocol/json.h"

namespace devs {
namespace {

// Why a listed tool cannot be offered; empty when it can.
std::string flaw_of(JsonView tool, const std::string& name) {
  if (!tool.is_object()) return "it is not an object";
  if (name.empty()) return "it has no name";
  if (name.size() > kMaxListedName) return fmt::format("its name is over {} bytes", kMaxListedName);
  const JsonView description = tool["description"];
  if (description.present() && !description.is_string()) return "its description is no string";
  if (description.text().size() > kMaxDescription + 2)
    return fmt::format("its description is over {} bytes", kMaxDescription);
  const JsonView schema = tool["inputSchema"];
  if (!schema.is_object()) return "it has no inputSchema";
  if (schema.text().size() > kMaxInputSchema)
    return fmt::format("its inputSchema is over {} bytes", kMaxInputSchema);
  return {};
}

// The Tool object with `name` in place of its own; every other byte as it was.
std::string with_name(JsonView tool, std::string_view name) {
  const std::string_view whole = tool.text();
  const std::string_view old = tool["name"].text();
  const auto at = static_cast<std::size_t>(old.data() - whole.data());
  std::string out;
  out.reserve(whole.size() + name.size());
  out += whole.substr(0, at);
  append_json_string(out, name);
  out += whole.substr(at + old.size());
  return out;
}

void set_name(ToolSpec& tool, std::string name) {
  tool.json = with_name(JsonView(tool.json), name);
  tool.name = std::move(name);
}

bool spelled_exactly(const ToolSpec& tool) {
  return tool.name == tool.server + "__" + tool.upstream_tool;
}

// Several tools, one name: at most one may keep it.
void part_clashes(std::vector<ToolSpec>& tools) {
  std::map<std::string, int, std::less<>> holders;
  for (const ToolSpec& tool : tools) ++holders[tool.name];
  for (ToolSpec& tool : tools)
    if (holders[tool.name] > 1 && !spelled_exactly(tool)) rename_taken(tool);
}

}  // namespace

ToolList decode_tool_list(std::string_view server, const std::vector<std::string>& pages,
                          bool has_tasks) {
  ToolList list;
  std::set<std::string, std::less<>> seen;
  std::size_t listed = 0;
  for (const std::string& page : pages) {
    JsonView(page)["tools"].each_element([&](JsonView tool) {
      if (++listed > kMaxListedTools) return;
      std::string own = tool["name"].string().value_or("");
      std::string flaw = flaw_of(tool, own);
      if (flaw.empty() && !seen.insert(own).second) flaw = "it is listed twice";
      if (!flaw.empty()) {
        list.dropped.push_back(fmt::format("{}: {}", utf8_prefix(own, 64), flaw));
        return;
      }
      ToolSpec spec;
      spec.server = server;
      spec.json = tool.text();
      spec.input_schema = tool["inputSchema"].text();
      if (has_tasks && tool["execution"]["taskSupport"].is("required"))
        spec.task = TaskMode::required;
      set_name(spec, namespaced_tool(server, own, false));
      spec.upstream_tool = std::move(own);
      list.tools.push_back(std::move(spec));
    });
  }
  if (listed > kMaxListedTools)
    list.dropped.push_back(
        fmt::format("{} tools beyond the first {}", listed - kMaxListedTools, kMaxListedTools));
  part_clashes(list.tools);
  return list;
}

void rename_taken(ToolSpec& tool) {
  set_name(tool, namespaced_tool(tool.server, tool.upstream_tool, true));
}

ToolListChange compare(const std::vector<ToolSpec>& before, const std::vector<ToolSpec>& after) {
  ToolListChange change;
  std::map<std::string_view, const ToolSpec*> old;
  for (const ToolSpec& tool : before) old.emplace(tool.name, &tool);
  for (const ToolSpec& tool : after) {
    const auto found = old.find(tool.name);
    if (found == old.end()) {
      change.added.push_back(tool.name);
      continue;
    }
    if (found->second->json != tool.json || found->second->task != tool.task) change.any = true;
    old.erase(found);
  }
  for (const ToolSpec& tool : before)
    if (old.contains(tool.name)) change.removed.push_back(tool.name);
  change.any = change.any || !change.added.empty() || !change.removed.empty();
  return change;
}

}  // namespace devs
