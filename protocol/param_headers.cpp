#include "protocol/param_headers.h"

#include <algorithm>
#include <set>
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

bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Counts every use of the keyword, wherever it stands; `bad` is the first wrong one.
struct Judge {
  std::size_t uses = 0;
  std::set<std::string> names;
  std::string bad;

  void look(JsonView schema) {
    if (schema.is_array()) return schema.each_element([this](JsonView each) { look(each); });
    if (const JsonView header = schema[kKeyword]; header.present()) judge(schema, header);
    schema.each_member([this](const std::string& name, JsonView value) {
      if (name == "properties")
        return value.each_member([this](const std::string&, JsonView each) { look(each); });
      if (name != kKeyword && name != "const" && name != "enum" && name != "default" &&
          name != "examples")
        look(value);
    });
  }
  void judge(JsonView schema, JsonView header) {
    ++uses;
    const std::string name = header.string().value_or("");
    const JsonView type = schema["type"];
    if (!is_token(name)) return say("is no header name");
    if (!names.insert(lower(name)).second) return say("names " + name + " twice");
    if (!type.is("integer") && !type.is("string") && !type.is("boolean"))
      say(name + " is on a property that is no integer, string or boolean");
  }
  void say(const std::string& what) {
    if (bad.empty()) bad = std::string(kKeyword) + " " + what;
  }
};

}  // namespace

std::vector<ParamHeader> param_headers_of(JsonView input_schema) {
  std::vector<ParamHeader> out;
  if (input_schema.text().find(kKeyword) == std::string_view::npos) return out;
  std::vector<std::string> path;
  collect(input_schema, path, out);
  return out;
}

std::string param_headers_fault(JsonView input_schema) {
  if (input_schema.text().find(kKeyword) == std::string_view::npos) return {};
  Judge judge;
  judge.look(input_schema);
  if (!judge.bad.empty()) return judge.bad;
  if (judge.uses != param_headers_of(input_schema).size())
    return std::string(kKeyword) + " stands where no chain of properties leads";
  return {};
}

}  // namespace devs
