#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "protocol/json.h"
#include "protocol/status.h"

namespace devs {

// An error as JSON-RPC 2.0 carries it.
struct RpcFault {
  int code = -32603;
  std::string message;
  std::string data;  // JSON text, or empty: no `data` member
  bool operator==(const RpcFault&) const = default;
};

inline constexpr int kRpcParseError = -32700;
inline constexpr int kRpcInvalidRequest = -32600;
inline constexpr int kRpcMethodNotFound = -32601;
inline constexpr int kRpcInvalidParams = -32602;
inline constexpr int kRpcInternal = -32603;
// Of MCP, modern era.
inline constexpr int kRpcHeaderMismatch = -32020;
inline constexpr int kRpcMissingCapability = -32021;
inline constexpr int kRpcUnsupportedVersion = -32022;

// THE table from Code to JSON-RPC; nothing else mentions these numbers for a
// Status.  A catch-all answers internal, never a code that blames the caller.
RpcFault fault_of(const Status& status);

// One message, seen through views into the text it was decoded from.
//
// `id` is the token as written (`1`, `"a"`, `-0`), so it is echoed with its type
// and spelling; empty for a notification.
struct RpcMessage {
  enum class Kind { request, notification, response };
  Kind kind = Kind::request;
  std::string_view id;
  std::string method;  // unescaped; empty for a response
  JsonView params;     // object, array or absent
  JsonView result;     // response: exactly one of result and error is present
  JsonView error;
};

// What could not be decoded, with the id to answer to (empty when it could not be read).
struct RpcRefusal {
  RpcFault fault;
  std::string id;
};

// One JSON-RPC 2.0 message from compact text (an array is refused here; batches
// are taken apart by the caller).  -32600 for what is JSON but not JSON-RPC: id
// null, fractional, beyond 2^53 or over 256 bytes, `jsonrpc` other than "2.0",
// params neither object nor array, result and error together, no method.
std::variant<RpcMessage, RpcRefusal> decode_rpc(std::string_view compact);

// `id` is a token as in RpcMessage::id; `result`, `params` are JSON text, params
// may be empty.  An error with an empty id has none: MCP, other than JSON-RPC, knows no
// `null` there.  One line each, no newline at the end.
std::string encode_rpc_result(std::string_view id, std::string_view result);
std::string encode_rpc_error(std::string_view id, const RpcFault& fault);
std::string encode_rpc_request(std::string_view id, std::string_view method,
                               std::string_view params);
std::string encode_rpc_notification(std::string_view method, std::string_view params);

}  // namespace devs
