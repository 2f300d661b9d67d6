#include "orchestrator/mcp/http_sse_face.h"

#include <algorithm>
#include <utility>

#include "orchestrator/mcp/accept_header.h"
#include "orchestrator/mcp/answer_stream.h"
#include "orchestrator/mcp/pipe_stream.h"
#include "protocol/limits.h"
#include "protocol/sse_frame.h"
#include "trace/random.h"

namespace devs {

Status HttpSseFace::add_routes(RouteTable& routes) {
  Route get;
  get.method = Method::get;
  get.pattern = "/sse";
  get.handler = [self = shared_from_this()](Exchange& exchange) { self->begin(exchange); };
  get.is_stream = true;
  if (Status added = routes.add(std::move(get)); !added.ok()) return added;
  Route post;
  post.method = Method::post;
  post.pattern = "/messages";
  post.handler = [self = shared_from_this()](Exchange& exchange) { self->receive(exchange); };
  post.max_body = kRequestJson.bytes;
  post.content_types = {"application/json"};
  post.cors_allow = "Content-Type, Authorization, MCP-Protocol-Version";
  return routes.add(std::move(post));
}

void HttpSseFace::begin(Exchange& exchange) {
  if (house_->closed) return respond_closed(exchange);
  if (!accepts_of(exchange.head()).sse) {
    return respond_error(exchange, 406, kRpcNoSession,
                         "Not Acceptable: a GET needs Accept: text/event-stream");
  }
  const std::string id = random_hex(16);
  auto channel = std::make_shared<ClientChannel>(house_->reactor);
  auto client = std::make_shared<PipeClient>(house_, exchange.principal(), channel);
  if (!add(id, {channel, client})) return respond_closed(exchange);
  FedStream::Feed feed{.keep_alive = house_->options.keep_alive,
                       .on_over = [weak = weak_from_this(), id, client] {
                         client->leave();
                         if (const auto self = weak.lock()) self->remove(id);
                       }};
  std::string first;
  append_sse_frame(first, {.id = {}, .event = "endpoint", .data = "/messages?session=" + id});
  exchange.stream({.head = stream_head(),
                   .provider = std::make_unique<PipeStream>(std::move(channel), std::move(first),
                                                            std::move(feed), house_->reactor)});
}

void HttpSseFace::receive(Exchange& exchange) {
  if (house_->closed) return respond_closed(exchange);
  const std::string* const id = exchange.head().query_param("session");
  const Client to = id == nullptr ? Client{} : find(*id);
  if (!to.client || to.client->principal().name != exchange.principal().name)
    return respond_error(exchange, 404, kRpcUnknownSession, "Session not found");
  if (to.channel->crowded()) return respond_closed(exchange);
  exchange.respond(empty_answer(202));
  to.client->receive(exchange.body());
}

bool HttpSseFace::add(const std::string& id, Client client) {
  const McpEndpoint::Options& most = house_->options;
  MutexLock lock(mutex_);
  const std::string& name = client.client->principal().name;
  const auto own = std::count_if(clients_.begin(), clients_.end(), [&name](const auto& each) {
    return each.second.client->principal().name == name;
  });
  if (clients_.size() >= most.max_sessions ||
      static_cast<std::size_t>(own) >= most.max_sessions_per_principal) {
    return false;
  }
  return clients_.emplace(id, std::move(client)).second;
}

HttpSseFace::Client HttpSseFace::find(const std::string& id) const {
  MutexLock lock(mutex_);
  const auto found = clients_.find(id);
  return found == clients_.end() ? Client{} : found->second;
}

void HttpSseFace::remove(const std::string& id) {
  MutexLock lock(mutex_);
  clients_.erase(id);
}

void HttpSseFace::close() {
  std::map<std::string, Client> all;
  {
    MutexLock lock(mutex_);
    all = clients_;
  }
  for (const auto& [id, each] : all) each.channel->close();
}

}  // namespace devs
