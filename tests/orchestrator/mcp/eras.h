#pragma once

#include <array>
#include <string>
#include <string_view>

#include "tests/orchestrator/mcp/mcp_fixture.h"
#include "tests/orchestrator/mcp/modern_client.h"

namespace devs {

// One client of either era, so that a table of inputs is sent by both.
class EraClient {
 public:
  enum class Era { legacy, modern };

  EraClient(const McpFixture& fixture, Era era)
      : modern(era == Era::modern),
        legacy_(modern ? fixture.client() : fixture.ready()),
        modern_(fixture.port()) {}

  const bool modern;
  const char* name() const { return modern ? "2026-07-28" : "2025-11-25"; }

  // A body as it is; the modern headers say what the body would.
  WireAnswer post(std::string_view body, std::string_view method = "ping",
                  std::string_view named = {}) const {
    return modern ? modern_.post(body, ModernClient::headers_for(method, named))
                  : legacy_.post(body);
  }
  // The same, answered later.
  void begin(HttpWire& wire, std::string_view body, std::string_view method,
             std::string_view named = {}) const {
    if (!modern) return legacy_.begin_post(wire, body);
    modern_.begin(wire, body, ModernClient::headers_for(method, named));
  }
  // A whole request; `members` are those of its params, each with a comma at its end.
  std::string body(std::string_view id, std::string_view method,
                   std::string_view members = {}) const {
    if (modern)
      return rpc(id, method,
                 modern_params(members, R"({"extensions":{)"
                                        R"("io.modelcontextprotocol/tasks":{}}})"));
    return rpc(id, method, "{" + std::string(members) + "\"_meta\":{}}");
  }
  WireAnswer ask(std::string_view id, std::string_view method, std::string_view members = {},
                 std::string_view named = {}) const {
    return post(body(id, method, members), method, named);
  }
  WireAnswer call(std::string_view id, std::string_view tool, std::string_view arguments) const {
    return ask(
        id, "tools/call",
        "\"name\":\"" + std::string(tool) + "\",\"arguments\":" + std::string(arguments) + ",",
        tool);
  }

 private:
  McpClient legacy_;
  ModernClient modern_;
};

inline constexpr std::array<EraClient::Era, 2> kEras{EraClient::Era::legacy,
                                                     EraClient::Era::modern};

// A client that behaves, beside those that do not: it has a call in flight all the while, and
// is served as if it were alone.
class GoodClient {
 public:
  explicit GoodClient(McpFixture& fixture)
      : fixture_(fixture), client_(fixture.ready()), wire_(fixture.port()) {
    client_.begin_post(wire_, rpc("1", "tools/call", call_params("held")));
    REQUIRE(fixture_.held->wait_for());
    begun_ = actions();
  }
  // That it is unmoved, and that nobody else's call has begun but `others`.
  void is_unmoved(std::size_t others = 0) {
    CHECK(actions() == begun_ + others);
    CHECK(text_of(
              client_.post(rpc("2", "tools/call", call_params("echo", R"({"text":"hi"})"))).body) ==
          "hi");
    fixture_.held->answer("held");
    CHECK(text_of(wire_.read_answer().body) == "held");
    CHECK(fixture_.house.desk.in_flight() == 0);
  }

 private:
  std::size_t actions() {
    std::size_t count = 0;
    for (const EntryPtr& entry : fixture_.house.story())
      if (JsonView(entry->body)["type"].is("action")) ++count;
    return count;
  }

  McpFixture& fixture_;
  const McpClient client_;
  HttpWire wire_;
  std::size_t begun_ = 0;
};

}  // namespace devs
