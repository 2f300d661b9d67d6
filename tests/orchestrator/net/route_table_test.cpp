#include "orchestrator/net/route_table.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

Route row(Method method, std::string pattern) {
  Route route;
  route.method = method;
  route.pattern = std::move(pattern);
  route.handler = [](Exchange&) {};
  return route;
}

RouteTable table() {
  RouteTable routes;
  for (const char* path : {"/mcp", "/tasks/{id}", "/tasks/{id}/progress", "/tasks/{id}:subscribe",
                           "/tasks/all", "/a/{x}/{y}"})
    REQUIRE(routes.add(row(Method::get, path)).ok());
  REQUIRE(routes.add(row(Method::post, "/mcp")).ok());
  REQUIRE(routes.add(row(Method::del, "/tasks/{id}")).ok());
  return routes;
}

std::string matched(const RouteTable& routes, std::string_view path, Method method = Method::get) {
  const RouteMatch match = routes.match(method, path);
  return match.route ? match.route->pattern : "";
}

TEST_CASE("RouteTable: literal segments are compared raw") {
  const RouteTable routes = table();
  CHECK(matched(routes, "/mcp") == "/mcp");
  for (const char* path : {"//mcp", "/./mcp", "/mcp/", "/mcp;x", "/mcp%2f", "/%6dcp", "/MCP", "/",
                           "/mcp/x", "", "/tasks", "/tasks/", "/tasks/1/", "/tasks//progress"})
    CHECK_MESSAGE(matched(routes, path).empty(), path);
}

TEST_CASE("RouteTable: literal rows win, then rows with a verb, then parameters") {
  const RouteTable routes = table();
  CHECK(matched(routes, "/tasks/all") == "/tasks/all");
  CHECK(matched(routes, "/tasks/7:subscribe") == "/tasks/{id}:subscribe");
  CHECK(routes.match(Method::get, "/tasks/7:subscribe").params[0].second == "7");
  CHECK(matched(routes, "/tasks/7") == "/tasks/{id}");
  CHECK(matched(routes, "/tasks/7/progress") == "/tasks/{id}/progress");
}

TEST_CASE("RouteTable: a parameter is decoded once") {
  const RouteTable routes = table();
  const RouteMatch match = routes.match(Method::get, "/a/x%20y/%2541");
  REQUIRE(match.route);
  CHECK(match.params[0] == std::pair<std::string, std::string>("x", "x y"));
  CHECK(match.params[1] == std::pair<std::string, std::string>("y", "%41"));
}

TEST_CASE("RouteTable: a parameter that could be a path, or is no text, is bad") {
  const RouteTable routes = table();
  for (const char* id : {"%2e%2e%2f", "a%2fb", ".", "..", "%2e", "%ff%fe", "%c0%ae", "%00", "%0a",
                         "%7f", "%", "%g1", "%u0041", "%ed%a0%80"}) {
    const RouteMatch match = routes.match(Method::get, "/tasks/" + std::string(id));
    CHECK_MESSAGE((match.route && match.bad_param), id);
  }
  CHECK_FALSE(routes.match(Method::get, "/tasks/%e2%82%ac").bad_param);
}

TEST_CASE("RouteTable: HEAD goes where GET goes; another method says which there are") {
  const RouteTable routes = table();
  CHECK(matched(routes, "/mcp", Method::head) == "/mcp");
  CHECK(routes.match(Method::del, "/mcp").allow == "GET, HEAD, POST, OPTIONS");
  CHECK(routes.match(Method::post, "/tasks/7").allow == "GET, HEAD, DELETE, OPTIONS");
  CHECK(routes.match(Method::options, "/mcp").allow == "GET, HEAD, POST, OPTIONS");
  CHECK(routes.match(Method::get, "/nothing").allow.empty());
}

TEST_CASE("RouteTable: rows that could be confused are refused") {
  RouteTable routes = table();
  CHECK_FALSE(routes.add(row(Method::get, "/mcp")).ok());
  CHECK_FALSE(routes.add(row(Method::get, "/tasks/{other}")).ok());
  CHECK_FALSE(routes.add(row(Method::get, "/x/_/y")).ok());
  CHECK_FALSE(routes.add(row(Method::get, "no-slash")).ok());
  CHECK_FALSE(routes.add(row(Method::get, "/x{id}")).ok());
  CHECK_FALSE(routes.add(row(Method::get, "/" + std::string(64, 'x'))).ok());
  CHECK(routes.add(row(Method::get, "/" + std::string(63, 'x'))).ok());
  Route without = row(Method::get, "/no-handler");
  without.handler = {};
  CHECK_FALSE(routes.add(std::move(without)).ok());
}

TEST_CASE("RouteTable: the router's constant has `_` for each parameter") {
  CHECK(RouteTable::constant_of("/tasks/{id}/progress") == "/tasks/_/progress");
  CHECK(RouteTable::constant_of("/tasks/{id}:subscribe") == "/tasks/_:subscribe");
  CHECK(RouteTable::constant_of("/mcp") == "/mcp");
}

}  // namespace
}  // namespace devs
