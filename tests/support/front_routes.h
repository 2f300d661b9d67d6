#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/live_front.h"

namespace devs {

// A small house of every kind of row, for tests of the front.
inline std::vector<Route> front_routes(LiveFront& live) {
  const auto says = [](std::string body) {
    return
        [body = std::move(body)](Exchange& exchange) { exchange.respond(json_answer(200, body)); };
  };
  const auto counts_body = [](Exchange& exchange) {
    exchange.respond(
        json_answer(200, "{\"bytes\":" + std::to_string(exchange.body().size()) + "}"));
  };
  const auto stream = [&live](Exchange& exchange) {
    StreamStart start;
    start.head.type = ContentType::sse;
    start.head.headers.emplace_back("Cache-Control", "no-cache");
    start.provider = live.feed().reader(exchange.head().query_param("all") != nullptr);
    exchange.stream(std::move(start));
  };
  const auto later = [&live](Exchange& exchange) {
    exchange.on_gone([&live] { ++live.gone; });
    live.keep(exchange.defer(std::chrono::seconds(20)));
  };
  const auto big = [](Exchange& exchange) {
    const std::string* bytes = exchange.head().query_param("bytes");
    HttpAnswer answer{.status = 200,
                      .type = ContentType::text,
                      .body = std::string(bytes ? std::stoul(*bytes) : 4'000'000, 'x'),
                      .headers = {},
                      .close = false};
    exchange.respond(std::move(answer));
  };
  const auto who = [](Exchange& exchange) {
    const RequestHead& head = exchange.head();
    exchange.respond(json_answer(200, "{\"peer\":\"" + head.peer_address + "\",\"principal\":\"" +
                                          exchange.principal().name + "\"}"));
  };
  const auto query = [](Exchange& exchange) {
    std::string body;
    for (const auto& [name, value] : exchange.head().query_params)
      body.append(name).append("<").append(value).append(">");
    HttpAnswer answer = json_answer(200, body);
    exchange.respond(std::move(answer));
  };
  const auto item = [](Exchange& exchange) {
    exchange.respond(json_answer(200, "item <" + *exchange.head().param("id") + ">"));
  };
  const auto throws = [](Exchange&) { throw std::runtime_error("secret text"); };

  std::vector<Route> rows;
  rows.push_back({.method = Method::post,
                  .pattern = "/mcp",
                  .handler = counts_body,
                  .max_body = 4'194'304,
                  .content_types = {"application/json"}});
  rows.push_back(
      {.method = Method::get, .pattern = "/hello", .handler = says(R"({"hello":true})")});
  rows.push_back({.method = Method::post,
                  .pattern = "/saop/turns",
                  .handler = counts_body,
                  .max_body = 512'000,
                  .content_types = {"application/json"},
                  .cancel_on_fin = true});
  rows.push_back(
      {.method = Method::get, .pattern = "/trace/stream", .handler = stream, .is_stream = true});
  rows.push_back({.method = Method::get,
                  .pattern = "/open/stream",
                  .handler = stream,
                  .cors = CorsPolicy::any,
                  .is_stream = true});
  rows.push_back({.method = Method::get, .pattern = "/later", .handler = later});
  rows.push_back({.method = Method::post,
                  .pattern = "/later",
                  .handler = later,
                  .max_body = 1'000,
                  .body_optional = true});
  rows.push_back({.method = Method::post,
                  .pattern = "/cancel",
                  .handler = later,
                  .max_body = 1'000,
                  .body_optional = true,
                  .cancel_on_fin = true});
  rows.push_back({.method = Method::get, .pattern = "/big", .handler = big});
  rows.push_back({.method = Method::get, .pattern = "/who", .handler = who});
  rows.push_back({.method = Method::get, .pattern = "/query", .handler = query});
  rows.push_back({.method = Method::get, .pattern = "/items/{id}", .handler = item});
  rows.push_back({.method = Method::del, .pattern = "/items/{id}", .handler = item});
  rows.push_back({.method = Method::get, .pattern = "/throws", .handler = throws});
  rows.push_back({.method = Method::get, .pattern = "/silent", .handler = [](Exchange&) {}});
  rows.push_back({.method = Method::get,
                  .pattern = "/health",
                  .handler = says("{}"),
                  .credential = Credential::none});
  return rows;
}

}  // namespace devs
