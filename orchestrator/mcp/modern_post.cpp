#include "orchestrator/mcp/modern_post.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "orchestrator/mcp/call_reply.h"
#include "orchestrator/mcp/rpc_dispatcher.h"
#include "protocol/json.h"
#include "protocol/param_headers.h"

namespace devs {
namespace {

using Kind = RpcMessage::Kind;

constexpr std::string_view kParamPrefix = "mcp-param-";

RpcEnd refusal(const RpcMessage& message, int code, std::string text, int status,
               std::string data = {}) {
  const std::string_view id = message.kind == Kind::request ? message.id : std::string_view();
  return fault_end(id, {.code = code, .message = std::move(text), .data = std::move(data)}, status);
}

RpcEnd mismatch(const RpcMessage& message, std::string_view header, std::string_view said,
                std::string_view expected) {
  std::string text = "Header " + std::string(header) + " does not match the body: ";
  text += said.empty() ? "the header is missing" : "the header says '" + std::string(said) + "'";
  text += ", the body '" + std::string(utf8_prefix(expected, 256)) + "'";
  return refusal(message, kRpcHeaderMismatch, std::move(text), 400);
}

// The decoded value of a header that came once.
std::optional<std::string> value_of(const RequestHead& head, std::string_view name) {
  if (head.count(name) != 1) return std::nullopt;
  return decode_header_value(head.field(name));
}

// Row 4.
std::optional<RpcEnd> check_version_header(const RequestHead& head, const RpcMessage& message) {
  const auto body = meta_protocol_version(message.params).string();
  if (!body) return std::nullopt;  // row 5 says what is wrong
  const auto header = value_of(head, "mcp-protocol-version");
  if (header == body) return std::nullopt;
  return mismatch(message, "MCP-Protocol-Version", head.field("mcp-protocol-version"), *body);
}

// What `Mcp-Name` repeats of a request of that method; nullptr: nothing.
const char* named_member(std::string_view method) {
  if (method == "tools/call" || method == "prompts/get") return "name";
  if (method == "resources/read") return "uri";
  if (method.starts_with("tasks/")) return "taskId";
  return nullptr;
}

// Row 6, the part after the method is known.
std::optional<RpcEnd> check_name_header(const RequestHead& head, const RpcMessage& message) {
  const char* const member = named_member(message.method);
  if (member == nullptr) return std::nullopt;
  const auto body = message.params[member].string();
  if (!body) return std::nullopt;  // whoever reads the params says what is wrong
  if (value_of(head, "mcp-name") == body) return std::nullopt;
  return mismatch(message, "Mcp-Name", head.field("mcp-name"), *body);
}

JsonView at_path(JsonView value, const std::vector<std::string>& path) {
  for (const std::string& name : path) value = value[name];
  return value;
}

bool header_agrees(const std::string& header, JsonView argument) {
  if (argument.is_string()) return argument.is(header);
  if (argument.kind() != JsonView::Kind::number) return argument.text() == header;
  const auto body = argument.integer();
  std::int64_t said = 0;
  const char* const end = header.data() + header.size();
  const auto [stop, error] = std::from_chars(header.data(), end, said);
  return body && error == std::errc() && stop == end && said == *body;
}

// Row 7, `Mcp-Param-*` of a tool's arguments.
std::optional<RpcEnd> check_param_headers(McpHouse& house, const RequestHead& head,
                                          const RpcMessage& message) {
  if (message.method != "tools/call") return std::nullopt;
  const ToolSetPtr tools = house.tools.snapshot();
  const RegisteredTool* const tool = tools->find(message.params["name"].string().value_or(""));
  if (tool == nullptr) return std::nullopt;
  for (const ParamHeader& param : param_headers_of(JsonView(tool->tool->spec().input_schema))) {
    std::string name(kParamPrefix);
    for (const char c : param.name)
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const JsonView argument = at_path(message.params["arguments"], param.path);
    const bool sent = argument.present() && argument.kind() != JsonView::Kind::null;
    if (!sent && head.count(name) == 0) continue;
    const auto header = value_of(head, name);
    if (sent && header && header_agrees(*header, argument)) continue;
    return mismatch(message, "Mcp-Param-" + param.name, head.field(name),
                    sent ? argument.text() : std::string_view("(no argument)"));
  }
  return std::nullopt;
}

}  // namespace

bool is_of_modern_era(const McpHouse& house, const McpHeaders& headers, const RpcMessage& message) {
  return house.is_modern(meta_protocol_version(message.params).present() || headers.is_modern);
}

std::optional<RpcEnd> modern_refusal(McpHouse& house, const RequestHead* head,
                                     const RpcMessage& message, RequestMeta& meta) {
  if (head != nullptr) {
    if (auto end = check_version_header(*head, message)) return end;
  }
  auto decoded = decode_request_meta(message.params);
  if (!decoded.ok()) return refusal(message, kRpcInvalidParams, decoded.status().message(), 400);
  meta = std::move(*decoded);
  if (!modern_revision_of(meta.protocol_version)) {
    return refusal(message, kRpcUnsupportedVersion, "Unsupported protocol version", 400,
                   "{\"supported\":" + std::string(modern_revisions()) +
                       ",\"requested\":" + json_string(meta.protocol_version) + "}");
  }
  if (head != nullptr && value_of(*head, "mcp-method") != message.method)
    return mismatch(message, "Mcp-Method", head->field("mcp-method"), message.method);
  if (!knows_method(message.method, true)) {
    const bool legacy = knows_method(message.method, false);
    return refusal(message, kRpcMethodNotFound,
                   legacy ? "Method not found: " + message.method + " is not part of 2026-07-28"
                          : "Method not found",
                   404);
  }
  if (head == nullptr) return std::nullopt;
  if (auto end = check_name_header(*head, message)) return end;
  return check_param_headers(house, *head, message);
}

void post_modern(const McpHousePtr& house, Exchange& exchange, const RpcMessage& message,
                 const Accepts& accepts) {
  if (message.kind == Kind::notification) return exchange.respond(empty_answer(202));
  if (message.kind == Kind::response) {
    return respond_error(exchange, 400, kRpcInvalidRequest,
                         "2026-07-28 has no requests from server to client to answer");
  }
  RequestMeta meta;
  if (auto end = modern_refusal(*house, &exchange.head(), message, meta))
    return exchange.respond(http_answer_of(std::move(*end)));
  const RpcTurn turn{.house = house,
                     .message = message,
                     .principal = exchange.principal(),
                     .session = nullptr,
                     .revision = kLatestModern,
                     .meta = &meta};
  HttpReply reply(house, exchange, nullptr, accepts.sse);
  dispatch_request(turn, reply);
}

}  // namespace devs
