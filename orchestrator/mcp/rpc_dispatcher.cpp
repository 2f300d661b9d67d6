#include "orchestrator/mcp/rpc_dispatcher.h"

#include <array>
#include <optional>
#include <utility>

#include "protocol/json.h"
#include "protocol/mcp.h"
#include "trace/random.h"

namespace devs {
namespace {

// A name is shown and logged, never used for a decision.
constexpr std::size_t kMaxClientName = 128;

void fault(const RpcTurn& turn, RpcReply& reply, int code, std::string message,
           int http_status = 200) {
  reply.now(fault_end(turn.message.id, {.code = code, .message = std::move(message), .data = {}},
                      http_status));
}

void result(const RpcTurn& turn, RpcReply& reply, std::string_view result) {
  reply.now(result_end(turn.message.id, result));
}

std::string initialize_result(const McpEndpoint::Options& options, McpRevision revision) {
  std::string out = "{\"protocolVersion\":";
  append_json_string(out, name_of(revision));
  out += R"(,"capabilities":{"tools":{"listChanged":true},"logging":{}})";
  out += R"(,"serverInfo":{"name":"mcp-orchestrator","version":)";
  append_json_string(out, options.version);
  out += '}';
  if (!options.instructions.empty()) {
    out += ",\"instructions\":";
    append_json_string(out, options.instructions);
  }
  out += '}';
  return out;
}

void initialize(const RpcTurn& turn, RpcReply& reply) {
  McpHouse& house = *turn.house;
  if (turn.session) {
    return fault(turn, reply, kRpcInvalidRequest, "this session is initialized already", 400);
  }
  const auto params = decode_initialize(turn.message.params);
  if (!params.ok()) return reply.now(fault_end(turn.message.id, fault_of(params.status())));
  const McpRevision revision = negotiate(params->protocol_version);
  auto session = std::make_shared<Session>(
      Session::Identity{
          .id = random_hex(16),
          .public_id = new_uuid_v7(house.reactor.clock()),
          .principal = turn.principal.name,
          .client_name = std::string(utf8_prefix(params->client_name, kMaxClientName)),
          .revision = revision},
      house.reactor, house.reactor.now(), house.catalogue.generation());
  SessionPtr evicted;
  const Status added = house.sessions.add(session, evicted);
  if (!added.ok()) return reply.now(refused_end(turn.message.id, added));
  if (evicted) {
    house.sessions_evicted.add();
    evicted->end("the session was evicted");
  }
  house.sessions_open.set(house.sessions.size());
  RpcEnd end = result_end(turn.message.id, initialize_result(house.options, revision));
  end.session_id = session->identity().id;
  reply.now(std::move(end));
}

void ping(const RpcTurn& turn, RpcReply& reply) {
  result(turn, reply, "{}");
}

void list_tools(const RpcTurn& turn, RpcReply& reply) {
  const JsonView params = turn.message.params;
  if (params.present() && !params.is_object()) {
    return fault(turn, reply, kRpcInvalidParams, "params must be an object");
  }
  const JsonView cursor = params["cursor"];
  const std::optional<std::string> text = cursor.string();
  if (cursor.present() && !text) {
    return fault(turn, reply, kRpcInvalidParams, "/cursor: must be a string");
  }
  const auto page = turn.house->catalogue.tools_page(turn.principal.name, text ? &*text : nullptr,
                                                     turn.revision, turn.house->reactor.now());
  if (!page.ok()) return reply.now(fault_end(turn.message.id, fault_of(page.status())));
  result(turn, reply, *page);
}

void set_log_level(const RpcTurn& turn, RpcReply& reply) {
  // RFC 5424, least severe first, in the order of Session::LogLevel.
  static constexpr std::array<std::string_view, 8> kLevels{
      "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"};
  const JsonView level = turn.message.params["level"];
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (!level.is_string() || !level.is(kLevels[i])) continue;
    if (turn.session) turn.session->set_log_level(static_cast<Session::LogLevel>(i));
    return result(turn, reply, "{}");
  }
  fault(turn, reply, kRpcInvalidParams, "/level: must be one of the 8 levels of RFC 5424");
}

struct Request {
  std::string_view method;
  void (*run)(const RpcTurn&, RpcReply&);
};
// The busiest first.
constexpr std::array<Request, 5> kRequests{{
    {"tools/call", begin_tool_call},
    {"tools/list", list_tools},
    {"ping", ping},
    {"initialize", initialize},
    {"logging/setLevel", set_log_level},
}};

struct Notification {
  std::string_view method;
  void (*run)(const RpcTurn&);
};
// Progress of a client, its changed roots and `initialized` tell us nothing we use.
constexpr std::array<Notification, 1> kNotifications{{
    {"notifications/cancelled", cancel_tool_call},
}};

}  // namespace

void dispatch_request(const RpcTurn& turn, RpcReply& reply) {
  for (const Request& row : kRequests) {
    if (row.method == turn.message.method) return row.run(turn, reply);
  }
  fault(turn, reply, kRpcMethodNotFound, "Method not found");
}

void dispatch_notification(const RpcTurn& turn) {
  for (const Notification& row : kNotifications) {
    if (row.method == turn.message.method) return row.run(turn);
  }
}

}  // namespace devs
