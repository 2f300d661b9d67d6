#include "protocol/json_rpc.h"

#include <string>

#include "protocol/limits.h"

namespace devs {
namespace {

// Integers that every peer can hold in a double without loss.
constexpr std::int64_t kMaxIntegerId = std::int64_t{1} << 53;

bool is_rpc_id(JsonView id) {
  if (id.is_string()) return id.text().size() <= kMaxRpcIdBytes + 2;  // and its quotes
  const auto value = id.integer();
  return value && *value >= -kMaxIntegerId && *value <= kMaxIntegerId;
}

struct Members {
  JsonView jsonrpc, id, method, params, result, error;
};

Members members_of(JsonView message) {
  Members found;
  message.pick({{"jsonrpc", &found.jsonrpc},
                {"id", &found.id},
                {"method", &found.method},
                {"params", &found.params},
                {"result", &found.result},
                {"error", &found.error}});
  return found;
}

// What is wrong with it, or nullptr.
const char* complaint_about(const Members& message) {
  if (!message.jsonrpc.is("2.0")) return "jsonrpc must be \"2.0\"";
  if (message.id.present() && !is_rpc_id(message.id)) {
    return "id must be a string of at most 256 bytes or an integer within 2^53";
  }
  if (message.method.present()) {
    if (!message.method.is_string()) return "method must be a string";
    if (message.method.is("")) return "method must not be empty";
    if (message.result.present() || message.error.present()) {
      return "a message has a method, or a result, or an error";
    }
    if (message.params.present() && !message.params.is_object() && !message.params.is_array()) {
      return "params must be an object or an array";
    }
    return nullptr;
  }
  if (message.result.present() == message.error.present()) {
    return message.result.present() ? "result and error exclude each other" : "method is required";
  }
  if (!message.id.present()) return "a response needs an id";
  if (message.error.present() && !message.error.is_object()) {
    return "error must be an object";
  }
  return nullptr;
}

void append_member(std::string& out, std::string_view name, std::string_view json) {
  out += ",\"";
  out += name;
  out += "\":";
  out += json;
}

}  // namespace

RpcFault fault_of(const Status& status) {
  RpcFault fault;
  fault.message = status.message();
  switch (status.code()) {
    case Code::invalid_argument:
    case Code::not_found:
      fault.code = kRpcInvalidParams;
      return fault;
    case Code::internal:
    case Code::ok:  // a bug: there was nothing to answer an error for
      return fault;
    case Code::unauthenticated:
    case Code::permission_denied:
    case Code::resource_exhausted:
    case Code::deadline_exceeded:
    case Code::cancelled:
    case Code::data_loss:
    case Code::unavailable:
      break;
  }
  fault.data = std::string("{\"reason\":\"") + name_of(status.code()) + "\"}";
  return fault;
}

std::variant<RpcMessage, RpcRefusal> decode_rpc(std::string_view compact) {
  const JsonView text(compact);
  if (!text.is_object()) {
    return RpcRefusal{{kRpcInvalidRequest, "a message must be an object", {}}, {}};
  }
  const Members members = members_of(text);
  if (const char* complaint = complaint_about(members)) {
    RpcRefusal refusal{{kRpcInvalidRequest, complaint, {}}, {}};
    if (members.id.present() && is_rpc_id(members.id)) refusal.id = members.id.text();
    return refusal;
  }
  RpcMessage message;
  message.id = members.id.text();
  if (members.method.present()) {
    message.kind =
        members.id.present() ? RpcMessage::Kind::request : RpcMessage::Kind::notification;
    message.method = members.method.string().value_or("");
    message.params = members.params;
  } else {
    message.kind = RpcMessage::Kind::response;
    message.result = members.result;
    message.error = members.error;
  }
  return message;
}

std::string encode_rpc_result(std::string_view id, std::string_view result) {
  std::string out;
  out.reserve(id.size() + result.size() + 40);
  out = "{\"jsonrpc\":\"2.0\"";
  append_member(out, "id", id);
  append_member(out, "result", result);
  out += '}';
  return out;
}

std::string encode_rpc_error(std::string_view id, const RpcFault& fault) {
  std::string out = "{\"jsonrpc\":\"2.0\"";
  if (!id.empty()) append_member(out, "id", id);
  out += ",\"error\":{\"code\":";
  out += std::to_string(fault.code);
  out += ",\"message\":";
  append_json_string(out, fault.message);
  if (!fault.data.empty()) append_member(out, "data", fault.data);
  out += "}}";
  return out;
}

std::string encode_rpc_request(std::string_view id, std::string_view method,
                               std::string_view params) {
  std::string out;
  out.reserve(id.size() + method.size() + params.size() + 56);
  out = "{\"jsonrpc\":\"2.0\"";
  if (!id.empty()) append_member(out, "id", id);
  out += ",\"method\":";
  append_json_string(out, method);
  if (!params.empty()) append_member(out, "params", params);
  out += '}';
  return out;
}

std::string encode_rpc_notification(std::string_view method, std::string_view params) {
  return encode_rpc_request({}, method, params);
}

}  // namespace devs
