#include "protocol/param_headers.h"

#include <string_view>

namespace devs {
namespace {

constexpr std::string_view kKeyword = "x-mcp-header";

void collect(JsonView schema, std::vector<std::string>& path, std::vector<ParamHeader>& out) {
  schema["properties"].each_member([&](const std::string& name, JsonView property) {
    path.push_back(name);
    if (auto header = property[kKeyword].string()) out.push_back({path, std::move(*header)});
    collect(property, path, out);
    path.pop_back();
  });
}

}  // namespace

std::vector<ParamHeader> param_headers_of(JsonView input_schema) {
  std::vector<ParamHeader> out;
  if (input_schema.text().find(kKeyword) == std::string_view::npos) return out;
  std::vector<std::string> path;
  collect(input_schema, path, out);
  return out;
}

}  // namespace devs
