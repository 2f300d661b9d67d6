#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tests/support/mcp_client.h"

namespace devs {

// `_meta` of a request of 2026-07-28; `more` are further members, with a comma first.
inline std::string modern_meta(std::string_view capabilities = "{}", std::string_view more = {},
                               std::string_view version = "2026-07-28") {
  return "{\"io.modelcontextprotocol/protocolVersion\":\"" + std::string(version) +
         "\",\"io.modelcontextprotocol/clientInfo\":{\"name\":\"tester\",\"version\":\"1\"}," +
         "\"io.modelcontextprotocol/clientCapabilities\":" + std::string(capabilities) +
         std::string(more) + "}";
}

// Params with that `_meta`; `members` are the others, with a comma at their end.
inline std::string modern_params(std::string_view members = {},
                                 std::string_view capabilities = "{}",
                                 std::string_view more_meta = {}) {
  return "{" + std::string(members) + "\"_meta\":" + modern_meta(capabilities, more_meta) + "}";
}

// A client of the modern era: each request stands alone, headers as they should be.
class ModernClient {
 public:
  explicit ModernClient(std::uint16_t port) : port_(port) {}

  std::string accept = "application/json, text/event-stream";

  static WireHeaders headers_for(std::string_view method, std::string_view name = {}) {
    WireHeaders headers{{"MCP-Protocol-Version", "2026-07-28"},
                        {"Mcp-Method", std::string(method)}};
    if (!name.empty()) headers.emplace_back("Mcp-Name", std::string(name));
    return headers;
  }
  WireAnswer post(std::string_view body, const WireHeaders& headers) const {
    HttpWire wire(port_);
    begin(wire, body, headers);
    return wire.read_answer();
  }
  void begin(HttpWire& wire, std::string_view body, WireHeaders headers) const {
    headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("Accept", accept);
    wire.send(http_request("POST", port_, headers, body));
  }
  WireAnswer ask(std::string_view method, std::string_view params = modern_params(),
                 std::string_view name = {}) const {
    return post(rpc("7", method, params), headers_for(method, name));
  }
  // `more` are members of params beside name and arguments, with a comma at their end.
  WireAnswer call(std::string_view tool, std::string_view arguments = "{}",
                  std::string_view capabilities = "{}", std::string_view more = {}) const {
    const std::string members = "\"name\":\"" + std::string(tool) +
                                "\",\"arguments\":" + std::string(arguments) + "," +
                                std::string(more);
    return ask("tools/call", modern_params(members, capabilities), tool);
  }

 private:
  const std::uint16_t port_;
};

}  // namespace devs
