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

// Of discover and of the list of tools: the same for everybody.
constexpr CacheHints kOurHints{.ttl_ms = 60'000, .is_public = true};

// What we offer, the same to every client of an era (MCP page 3.3).
std::string capabilities(McpRevision revision) {
  std::string out =
      R"({"tools":{"listChanged":true},"prompts":{"listChanged":true},)"
      R"("resources":{"subscribe":true,"listChanged":true},"completions":{},"logging":{})";
  if (is_modern(revision))
    out += ",\"extensions\":{" + json_string(kTasksExtension) + ":{}}";
  else if (has_core_tasks(revision))
    out += R"(,"tasks":{"list":{},"cancel":{},"requests":{"tools":{"call":{}}}})";
  return out + '}';
}

std::string initialize_result(const McpEndpoint::Options& options, McpRevision revision) {
  std::string out = "{\"protocolVersion\":";
  append_json_string(out, name_of(revision));
  out += ",\"capabilities\":" + capabilities(revision);
  out += ",\"serverInfo\":" + server_info(options.version);
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
    return reply.now(
        fault_for(turn, {kRpcInvalidRequest, "this session is initialized already", {}}, 400));
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
          .revision = revision,
          .client = decode_client_capabilities(JsonView(params->capabilities), revision)},
      house.reactor, house.reactor.now(), house.catalogue.generation(), turn.channel);
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

void discover(const RpcTurn& turn, RpcReply& reply) {
  const McpEndpoint::Options& options = turn.house->options;
  std::string out = "{\"supportedVersions\":" + std::string(modern_revisions()) +
                    ",\"capabilities\":" + capabilities(turn.revision);
  if (!options.instructions.empty()) {
    out += ",\"instructions\":";
    append_json_string(out, options.instructions);
  }
  reply.now(result_for(turn, out + '}', kOurHints));
}

void ping(const RpcTurn& turn, RpcReply& reply) {
  reply.now(result_for(turn, "{}"));
}

void list_tools(const RpcTurn& turn, RpcReply& reply) {
  const JsonView params = turn.message.params;
  if (params.present() && !params.is_object()) {
    return reply.now(bad_params(turn, "params must be an object"));
  }
  const JsonView cursor = params["cursor"];
  const std::optional<std::string> text = cursor.string();
  if (cursor.present() && !text) {
    return reply.now(bad_params(turn, "/cursor: must be a string"));
  }
  const auto page = turn.house->catalogue.tools_page(turn.principal.name, text ? &*text : nullptr,
                                                     turn.revision, turn.house->reactor.now());
  if (!page.ok()) return reply.now(fault_end(turn.message.id, fault_of(page.status())));
  reply.now(result_for(turn, *page, kOurHints));
}

void set_log_level(const RpcTurn& turn, RpcReply& reply) {
  const auto level = log_level_of(turn.message.params["level"].string().value_or(""));
  if (!level) return reply.now(bad_params(turn, "/level: must be one of the 8 levels of RFC 5424"));
  if (turn.session) turn.session->set_log_level(*level);
  reply.now(result_for(turn, "{}"));
}

struct Request {
  std::string_view method;
  void (*run)(const RpcTurn&, RpcReply&);
  bool legacy, modern;  // the eras that have it
};
// The busiest first.
constexpr std::array<Request, 20> kRequests{{
    {"tools/call", begin_tool_call, true, true},
    {"tools/list", list_tools, true, true},
    {"ping", ping, true, false},
    {"initialize", initialize, true, false},
    {"server/discover", discover, false, true},
    {"logging/setLevel", set_log_level, true, false},
    {"prompts/list", list_prompts, true, true},
    {"prompts/get", get_prompt, true, true},
    {"resources/list", list_resources, true, true},
    {"resources/templates/list", list_templates, true, true},
    {"resources/read", read_resource, true, true},
    {"resources/subscribe", subscribe_resource, true, false},
    {"resources/unsubscribe", unsubscribe_resource, true, false},
    {"completion/complete", complete, true, true},
    {"subscriptions/listen", listen, false, true},
    {"tasks/get", get_task, true, true},
    {"tasks/update", update_task, false, true},
    {"tasks/cancel", cancel_task, true, true},
    {"tasks/result", task_result, true, false},
    {"tasks/list", list_tasks, true, false},
}};

const Request* find_request(std::string_view method, bool modern) {
  for (const Request& row : kRequests) {
    if (row.method == method) return (modern ? row.modern : row.legacy) ? &row : nullptr;
  }
  return nullptr;
}

struct Notification {
  std::string_view method;
  void (*run)(const RpcTurn&);
};
// Progress of a client, its changed roots and `initialized` tell us nothing we use.
constexpr std::array<Notification, 1> kNotifications{{
    {"notifications/cancelled", cancel_tool_call},
}};

}  // namespace

RpcEnd result_for(const RpcTurn& turn, std::string_view result,
                  const std::optional<CacheHints>& hints) {
  if (!turn.meta) return result_end(turn.message.id, result);
  return result_end(turn.message.id, modern_result(result, turn.house->options.version, hints));
}

RpcEnd fault_for(const RpcTurn& turn, RpcFault fault, int http_status) {
  return fault_end(turn.message.id, fault, http_status);
}

RpcEnd bad_params(const RpcTurn& turn, std::string message) {
  return fault_for(turn, {kRpcInvalidParams, std::move(message), {}});
}

bool knows_method(std::string_view method, bool modern) {
  return find_request(method, modern) != nullptr;
}

void dispatch_request(const RpcTurn& turn, RpcReply& reply) {
  if (const Request* row = find_request(turn.message.method, turn.meta != nullptr))
    return row->run(turn, reply);
  reply.now(fault_for(turn, {kRpcMethodNotFound, "Method not found", {}}));
}

void dispatch_notification(const RpcTurn& turn) {
  for (const Notification& row : kNotifications) {
    if (row.method == turn.message.method) return row.run(turn);
  }
}

}  // namespace devs
