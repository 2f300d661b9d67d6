#include "protocol/mcp.h"

// What a peer of an older revision must not be shown (MCP page, section 2).
namespace devs {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view json) {
  if (out.size() > 1) out += ',';
  append_json_string(out, name);
  out += ':';
  out += json;
}

std::string text_block(std::string_view text) {
  return "{\"type\":\"text\",\"text\":" + json_string(text) + "}";
}

// A copy of `object` without the members `is_gone(name, value)` names.
template <class F>
std::string without(JsonView object, F&& is_gone) {
  std::string out = "{";
  object.each_member([&](const std::string& name, JsonView value) {
    if (!is_gone(name, value)) append_member(out, name, value.text());
  });
  out += '}';
  return out;
}

std::size_t decoded_size(JsonView base64) {
  const std::string data = base64.string().value_or("");
  const std::size_t padding = data.ends_with("==") ? 2 : data.ends_with('=') ? 1 : 0;
  const std::size_t whole = data.size() / 4 * 3;
  return whole < padding ? 0 : whole - padding;
}

std::string down_level_block(JsonView block, McpRevision revision) {
  if (block["type"].is("audio") && !has_annotations(revision)) {
    return text_block("[" + block["mimeType"].string().value_or("audio") + ", " +
                      std::to_string(decoded_size(block["data"])) + " bytes]");
  }
  if (!block["type"].is("resource_link")) return std::string(block.text());
  if (!has_structured_output(revision)) {
    return text_block(block["name"].string().value_or("") + ": " +
                      block["uri"].string().value_or(""));
  }
  if (has_icons(revision)) return std::string(block.text());
  return without(block, [](const std::string& name, JsonView) { return name == "icons"; });
}

std::string down_level_content(JsonView content, McpRevision revision, bool& has_text) {
  std::string out = "[";
  content.each_element([&](JsonView block) {
    if (out.size() > 1) out += ',';
    const std::string kept = down_level_block(block, revision);
    has_text = has_text || JsonView(kept)["type"].is("text");
    out += kept;
  });
  out += ']';
  return out;
}

constexpr std::string_view kServerInfo = "io.modelcontextprotocol/serverInfo";

bool is_modern_result_member(std::string_view name) {
  return name == "resultType" || name == "ttlMs" || name == "cacheScope";
}

// Has anything in it that no legacy revision knows, or lacks what all demand.
bool is_modern(JsonView result) {
  bool has_content = false;
  bool modern = !result.is_object();
  result.each_member([&](const std::string& name, JsonView value) {
    has_content = has_content || (name == "content" && value.is_array());
    modern = modern || is_modern_result_member(name) ||
             (name == "structuredContent" && !value.is_object()) ||
             (name == "_meta" && value[kServerInfo].present());
  });
  return modern || !has_content;
}

}  // namespace

std::string down_level_tool(std::string_view tool_json, McpRevision revision) {
  return without(JsonView(tool_json), [revision](const std::string& name, JsonView value) {
    if (is_modern(revision)) return name == "execution";
    if (name == "outputSchema") {
      return !has_structured_output(revision) || !value["type"].is("object");
    }
    if (name == "title") return !has_structured_output(revision);
    if (name == "execution" || name == "icons") return !has_icons(revision);
    return name == "annotations" && !has_annotations(revision);
  });
}

std::string listed_tool(const ToolSpec& tool, McpRevision revision) {
  std::string json = down_level_tool(tool.json, revision);
  if (!has_core_tasks(revision)) return json;
  if (JsonView(json)["execution"].present()) {
    json = without(JsonView(json),
                   [](const std::string& name, JsonView) { return name == "execution"; });
  }
  if (tool.task == TaskMode::never) return json;
  json.pop_back();
  json += tool.task == TaskMode::required ? R"(,"execution":{"taskSupport":"required"}})"
                                          : R"(,"execution":{"taskSupport":"optional"}})";
  return json;
}

std::string down_level_offer(std::string_view offer_json, McpRevision revision) {
  if (has_icons(revision)) return std::string(offer_json);
  return without(JsonView(offer_json), [revision](const std::string& name, JsonView) {
    if (name == "title") return !has_structured_output(revision);
    return name == "icons" || (name == "annotations" && !has_annotations(revision));
  });
}

std::string down_level_result(std::string_view result_json, McpRevision revision) {
  const JsonView result(result_json);
  if (has_icons(revision) && !is_modern(result)) return std::string(result_json);
  bool has_text = false;
  std::string out = "{";
  std::string content;  // where its place is kept
  std::size_t content_at = 0;
  std::string_view homeless;  // structured content this revision cannot carry
  result.each_member([&](const std::string& name, JsonView value) {
    if (is_modern_result_member(name)) return;
    if (name == "content" && !value.is_array()) return;  // nobody could read it
    if (name == "structuredContent" && (!value.is_object() || !has_structured_output(revision))) {
      homeless = value.text();
    } else if (name == "content" && value.is_array()) {
      content = down_level_content(value, revision, has_text);
      if (out.size() > 1) out += ',';
      out += "\"content\":";
      content_at = out.size();
    } else if (name == "_meta" && value.is_object()) {
      append_member(out, name, without(value, [](const std::string& key, JsonView) {
                      return key == kServerInfo;
                    }));
    } else {
      append_member(out, name, value.text());
    }
  });
  if (content_at == 0) {  // `content` is what every revision demands
    if (out.size() > 1) out += ',';
    out += "\"content\":";
    content_at = out.size();
    content = "[]";
  }
  if (!homeless.empty() && !has_text) {
    content.pop_back();
    if (content.size() > 1) content += ',';
    content += text_block(homeless) + "]";
  }
  out.insert(content_at, content);
  out += '}';
  return out;
}

}  // namespace devs
