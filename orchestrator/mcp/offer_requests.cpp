// prompts/*, resources/*, completion/complete and subscriptions/listen.
#include <algorithm>
#include <utility>

#include "orchestrator/mcp/host_call.h"
#include "orchestrator/mcp/rpc_dispatcher.h"
#include "orchestrator/mcp/task_call.h"
#include "protocol/json.h"
#include "protocol/mcp.h"

namespace devs {
namespace {

constexpr CacheHints kListHints{.ttl_ms = 60'000, .is_public = true};
constexpr CacheHints kReadHints{.ttl_ms = 0, .is_public = false};
constexpr std::size_t kMaxCompletions = 100;

// The place where a page begins; invalid_argument for a cursor that is none of ours, or of
// a list that has changed.
Result<std::size_t> page_begin(const RpcTurn& turn, const Offers::Shelf& shelf) {
  const JsonView cursor = turn.message.params["cursor"];
  if (!cursor.present()) return std::size_t{0};
  const auto place = turn.house->cursors.open(turn.message.method, turn.principal.name,
                                              cursor.string().value_or(""));
  if (!place.ok()) return place.status();
  if (place->generation != shelf.generation)
    return Status(Code::invalid_argument, "Invalid cursor: the list has changed");
  return place->offset;
}

// One page of `member`.
void list(const RpcTurn& turn, RpcReply& reply, const Offers& offers, std::string_view member) {
  const Offers::ShelfPtr shelf = offers.snapshot();
  const auto begin = page_begin(turn, *shelf);
  if (!begin.ok()) return reply.now(bad_params(turn, begin.status().message()));
  const std::size_t page = std::max<std::size_t>(turn.house->options.page_size, 1);
  const std::size_t end = std::min(shelf->by_key.size(), *begin + page);
  std::string out = "{\"" + std::string(member) + "\":[";
  std::size_t place = 0;
  for (const auto& [key, offer] : shelf->by_key) {
    if (place >= *begin && place < end) {
      if (out.back() != '[') out += ',';
      out += down_level_offer(offer->json, turn.revision);
    }
    ++place;
  }
  out += ']';
  if (end < shelf->by_key.size()) {
    out += ",\"nextCursor\":" +
           json_string(turn.house->cursors.seal(turn.message.method, turn.principal.name,
                                                {.generation = shelf->generation, .offset = end}));
  }
  reply.now(result_for(turn, out + '}', kListHints));
}

// A member that must be a string; answers for itself when it is not.
std::optional<std::string> text_of(const RpcTurn& turn, RpcReply& reply, const char* name) {
  auto text = turn.message.params[name].string();
  if (!text) reply.now(bad_params(turn, "/" + std::string(name) + ": must be a string"));
  return text;
}

RpcEnd resource_not_found(const RpcTurn& turn, std::string_view uri) {
  return fault_for(turn, {.code = turn.meta ? kRpcInvalidParams : kRpcResourceNotFound,
                          .message = "Resource not found",
                          .data = "{\"uri\":" + json_string(uri) + "}"});
}

// Who answers for a URI, with the variables of its template.
struct Holder {
  OfferPtr offer;
  std::map<std::string, std::string> variables;
};
std::optional<Holder> holder_of(const McpHouse& house, std::string_view uri) {
  if (OfferPtr offer = house.resources.find(uri)) return Holder{std::move(offer), {}};
  const Offers::ShelfPtr templates = house.templates.snapshot();
  for (const auto& [key, offer] : templates->by_key)
    if (auto variables = match_template(key, uri)) return Holder{offer, std::move(*variables)};
  return std::nullopt;
}

}  // namespace

void list_prompts(const RpcTurn& turn, RpcReply& reply) {
  list(turn, reply, turn.house->prompts, "prompts");
}
void list_resources(const RpcTurn& turn, RpcReply& reply) {
  list(turn, reply, turn.house->resources, "resources");
}
void list_templates(const RpcTurn& turn, RpcReply& reply) {
  list(turn, reply, turn.house->templates, "resourceTemplates");
}

void get_prompt(const RpcTurn& turn, RpcReply& reply) {
  auto name = text_of(turn, reply, "name");
  if (!name) return;
  const OfferPtr prompt = turn.house->prompts.find(*name);
  if (!prompt) return reply.now(bad_params(turn, "Unknown prompt: " + *name));
  const JsonView arguments = turn.message.params["arguments"];
  if (arguments.present() && !arguments.is_object())
    return reply.now(bad_params(turn, "/arguments: must be an object"));
  std::string missing;
  JsonView(prompt->json)["arguments"].each_element([&](JsonView argument) {
    const std::string each = argument["name"].string().value_or("");
    if (argument["required"].boolean() == true && !arguments[each].present() && missing.empty())
      missing = each;
  });
  if (!missing.empty())
    return reply.now(bad_params(turn, "/arguments/" + missing + ": is required"));
  begin_host_call(turn, reply,
                  {.function = prompt->function,
                   .name = std::move(*name),
                   .arguments = arguments.present() ? std::string(arguments.text()) : "{}"});
}

void read_resource(const RpcTurn& turn, RpcReply& reply) {
  auto uri = text_of(turn, reply, "uri");
  if (!uri) return;
  const auto holder = holder_of(*turn.house, *uri);
  if (!holder) return reply.now(resource_not_found(turn, *uri));
  std::string arguments = "{\"uri\":" + json_string(*uri) + ",\"variables\":{";
  for (const auto& [name, value] : holder->variables) {
    if (arguments.back() != '{') arguments += ',';
    append_json_string(arguments, name);
    arguments += ':' + json_string(value);
  }
  begin_host_call(turn, reply,
                  {.function = holder->offer->function,
                   .name = std::move(*uri),
                   .arguments = arguments + "}}",
                   .hints = kReadHints});
}

void subscribe_resource(const RpcTurn& turn, RpcReply& reply) {
  const auto uri = text_of(turn, reply, "uri");
  if (!uri) return;
  if (!turn.session) return reply.now(bad_params(turn, "subscriptions need a session"));
  if (!holder_of(*turn.house, *uri)) return reply.now(resource_not_found(turn, *uri));
  if (!turn.session->subscribe(*uri))
    return reply.now(bad_params(turn, "this session has as many subscriptions as it may"));
  reply.now(result_for(turn, "{}"));
}

void unsubscribe_resource(const RpcTurn& turn, RpcReply& reply) {
  const auto uri = text_of(turn, reply, "uri");
  if (!uri) return;
  if (turn.session) turn.session->unsubscribe(*uri);
  reply.now(result_for(turn, "{}"));
}

void complete(const RpcTurn& turn, RpcReply& reply) {
  const JsonView params = turn.message.params, ref = params["ref"], argument = params["argument"];
  const auto name = argument["name"].string(), typed = argument["value"].string();
  if (!name || !typed)
    return reply.now(bad_params(turn, "/argument: must have the strings name and value"));
  OfferPtr offer;
  if (ref["type"].is("ref/prompt")) {
    offer = turn.house->prompts.find(ref["name"].string().value_or(""));
  } else if (ref["type"].is("ref/resource")) {
    const std::string uri = ref["uri"].string().value_or("");
    offer = turn.house->templates.find(uri);
    if (!offer) offer = turn.house->resources.find(uri);
  }
  if (!offer) return reply.now(bad_params(turn, "/ref: there is no such prompt or template"));
  std::vector<std::string> values;
  if (offer->complete) values = offer->complete(*name, *typed, params["context"]["arguments"]);
  std::string out = "{\"completion\":{\"values\":[";
  for (std::size_t i = 0; i < std::min(values.size(), kMaxCompletions); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, values[i]);
  }
  out += "],\"total\":" + std::to_string(values.size()) +
         ",\"hasMore\":" + (values.size() > kMaxCompletions ? "true" : "false") + "}}";
  reply.now(result_for(turn, out));
}

void listen(const RpcTurn& turn, RpcReply& reply) {
  auto filter = decode_listen(turn.message.params, [&turn](const std::string& id) {
    return turn.house->mcp_tasks->key_of(turn.principal.name, id);
  });
  if (turn.message.params["notifications"]["taskIds"].present() && !turn.meta->client.tasks_ext)
    return reply.now(needs_tasks(turn));
  if (!filter.ok()) return reply.now(bad_params(turn, filter.status().message()));
  const McpHousePtr house = turn.house;
  const std::uint64_t number = house->listens.next_number();
  const auto listener = reply.later({}, [house, number] { house->listens.remove(number); });
  const Status kept = house->listens.add(turn.principal.name, turn.message.id,
                                         std::move(filter).value(), listener, number);
  if (kept.ok()) return;
  RpcEnd end = fault_for(turn, {kRpcInvalidRequest, kept.message(), {}}, 406);
  if (kept.code() == Code::resource_exhausted) end = fault_for(turn, fault_of(kept), 429);
  if (kept.code() == Code::unavailable) end = refused_end(turn.message.id, kept);
  listener->end(std::move(end));
}

}  // namespace devs
