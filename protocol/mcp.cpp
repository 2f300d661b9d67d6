#include "protocol/mcp.h"

#include "protocol/ids.h"
#include "protocol/limits.h"

namespace devs {
namespace {

constexpr std::int64_t kMaxTurnIndex = (std::int64_t{1} << 53) - 1;
constexpr std::size_t kMaxDependsOn = 64;
constexpr std::string_view kContext = "/_meta/devs.saop~1context";

Status refuse(const std::string& path, std::string_view why) {
  return Status(Code::invalid_argument, path + ": " + std::string(why));
}

// Reads optional members of one object; the first that is wrong is kept, and
// everything after it is left as it was.
class MemberReader {
 public:
  MemberReader(JsonView object, std::string path) : object_(object), path_(std::move(path)) {}

  void text(const char* name, std::string& out) { text(name, object_[name], out); }
  void text(const char* name, JsonView value, std::string& out) {
    if (!value.present()) return;
    if (auto read = value.string()) {
      out = std::move(*read);
    } else {
      fail(name, "must be a string");
    }
  }

  void id(const char* name, std::string& out) {
    text(name, out);
    if (object_[name].present() && !is_saop_id(out)) {
      fail(name, "must be 1 to 128 of A-Z a-z 0-9 . _ : @ -");
    }
  }

  void object(const char* name, std::string& out) { object(name, object_[name], out); }
  void object(const char* name, JsonView value, std::string& out) {
    if (!value.present()) return;
    if (!value.is_object()) return fail(name, "must be an object");
    out = value.text();
  }

  void fail(const std::string& name, std::string_view why) {
    if (status_.ok()) status_ = refuse(path_ + "/" + name, why);
  }

  const Status& status() const { return status_; }

 private:
  const JsonView object_;
  const std::string path_;
  Status status_;
};

void read_depends_on(JsonView value, MemberReader& read, std::vector<std::string>& out) {
  if (!value.present()) return;
  if (!value.is_array()) return read.fail("depends_on", "must be an array");
  if (value.size() > kMaxDependsOn) return read.fail("depends_on", "must have at most 64 ids");
  std::size_t index = 0;
  value.each_element([&](JsonView element) {
    auto id = element.string();
    if (!id || !is_saop_id(*id)) {
      read.fail("depends_on/" + std::to_string(index), "must be an id");
    } else {
      out.push_back(std::move(*id));
    }
    ++index;
  });
}

Result<SaopContext> decode_context(JsonView value) {
  SaopContext context;
  if (!value.present()) return context;
  if (!value.is_object()) return refuse(std::string(kContext), "must be an object");
  context.present = true;
  MemberReader read(value, std::string(kContext));
  read.id("agent_id", context.agent_id);
  read.id("agent_role", context.agent_role);
  read.id("session_id", context.session_id);
  read.id("task_id", context.task_id);
  read.id("thread_id", context.thread_id);
  if (const JsonView turn = value["turn_index"]; turn.present()) {
    context.turn_index = turn.integer();
    if (!context.turn_index || *context.turn_index < 0 || *context.turn_index > kMaxTurnIndex) {
      read.fail("turn_index", "must be an integer from 0 to 2^53-1");
    }
  }
  read.id("tool_call_id", context.tool_call_id);
  read_depends_on(value["depends_on"], read, context.depends_on);
  read.id("parent_tool_call_id", context.parent_tool_call_id);
  if (!read.status().ok()) return read.status();
  if (const JsonView thought = value["thought"]; thought.present()) {
    auto decoded = decode_thought(thought, std::string(kContext) + "/thought");
    if (!decoded.ok()) return decoded.status();
    context.thought = std::make_shared<HostThought>(std::move(*decoded));
  }
  return context;
}

bool is_progress_token(JsonView token) {
  if (token.is_string()) return token.text().size() <= kMaxRpcIdBytes + 2;
  return token.integer().has_value();
}

}  // namespace

Result<HostThought> decode_thought(JsonView value, const std::string& path) {
  HostThought thought;
  if (auto text = value.string()) {
    if (text->empty()) return refuse(path, "must not be empty");
    thought.reasoning_chain = std::move(*text);
    return thought;
  }
  if (!value.is_object()) return refuse(path, "must be a string or an object");
  MemberReader read(value, path);
  read.text("reasoning_chain", thought.reasoning_chain);
  if (thought.reasoning_chain.empty()) {
    read.fail("reasoning_chain",
              value["reasoning_chain"].present() ? "must not be empty" : "is required");
  }
  read.text("observation_reflection", thought.observation_reflection);
  read.text("state_assessment", thought.state_assessment);
  read.object("intent", thought.intent);
  read.object("telemetry", thought.telemetry);
  if (!read.status().ok()) return read.status();
  return thought;
}

Result<InitializeParams> decode_initialize(JsonView params) {
  if (!params.is_object()) return refuse("/", "initialize needs params");
  InitializeParams decoded;
  decoded.capabilities = "{}";
  MemberReader read(params, "");
  if (!params["protocolVersion"].present()) read.fail("protocolVersion", "is required");
  read.text("protocolVersion", decoded.protocol_version);
  read.object("capabilities", decoded.capabilities);
  if (!read.status().ok()) return read.status();
  decoded.client_name = params["clientInfo"]["name"].string().value_or("");
  return decoded;
}

Result<CallToolParams> decode_call_tool(JsonView params) {
  if (!params.is_object()) return refuse("/", "tools/call needs params");
  CallToolParams decoded;
  JsonView name, arguments, meta;
  params.pick({{"name", &name}, {"arguments", &arguments}, {"_meta", &meta}});
  MemberReader read(params, "");
  if (!name.present()) read.fail("name", "is required");
  read.text("name", name, decoded.name);
  read.object("arguments", arguments, decoded.arguments);
  if (meta.present() && !meta.is_object()) read.fail("_meta", "must be an object");
  if (const JsonView token = meta["progressToken"]; token.present()) {
    if (!is_progress_token(token)) {
      read.fail("_meta/progressToken", "must be a string or an integer");
    }
    decoded.progress_token = token.text();
  }
  if (!read.status().ok()) return read.status();
  decoded.traceparent = meta["traceparent"].string().value_or("");
  auto context = decode_context(meta["devs.saop/context"]);
  if (!context.ok()) return context.status();
  decoded.context = std::move(*context);
  return decoded;
}

std::string encode_tools_page(const std::vector<const ToolSpec*>& tools,
                              std::string_view next_cursor, McpRevision revision) {
  std::string out = "{\"tools\":[";
  for (const ToolSpec* tool : tools) {
    if (out.back() != '[') out += ',';
    out += listed_tool(*tool, revision);
  }
  out += ']';
  if (!next_cursor.empty()) {
    out += ",\"nextCursor\":";
    append_json_string(out, next_cursor);
  }
  out += '}';
  return out;
}

std::string with_progress_token(JsonView fields, std::string_view token) {
  std::string out = "{\"progressToken\":";
  out += token;
  fields.each_member([&out](const std::string& name, JsonView value) {
    if (name == "progressToken") return;
    out += ',';
    append_json_string(out, name);
    out += ':';
    out += value.text();
  });
  out += '}';
  return out;
}

}  // namespace devs
