#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/http_wire.h"

namespace devs {

using WireHeaders = std::vector<std::pair<std::string, std::string>>;

inline std::string http_request(std::string_view method, std::uint16_t port,
                                const WireHeaders& headers, std::string_view body,
                                std::string_view path = "/mcp") {
  std::string text = std::string(method) + " " + std::string(path) + " HTTP/1.1\r\n";
  text += "Host: 127.0.0.1:" + std::to_string(port) + "\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  if (method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  text += body;
  return text;
}

inline std::string rpc(std::string_view id, std::string_view method, std::string_view params = {}) {
  std::string text = "{\"jsonrpc\":\"2.0\"";
  if (!id.empty()) text.append(",\"id\":").append(id);
  text.append(",\"method\":\"").append(method).append("\"");
  if (!params.empty()) text.append(",\"params\":").append(params);
  return text + "}";
}

inline std::string call_params(std::string_view tool, std::string_view arguments = "{}",
                               std::string_view meta = {}) {
  std::string text = "{\"name\":\"" + std::string(tool) + "\",\"arguments\":";
  text += arguments;
  if (!meta.empty()) text.append(",\"_meta\":").append(meta);
  return text + "}";
}

// A client of the legacy era, one connection per request, headers in its hands.
class McpClient {
 public:
  explicit McpClient(std::uint16_t port) : port_(port) {}

  std::string session;  // Mcp-Session-Id, sent when not empty
  std::string version;  // MCP-Protocol-Version, the same
  std::string accept = "application/json, text/event-stream";
  std::string token;  // of Authorization: Bearer
  WireHeaders more;

  WireHeaders headers(bool has_body) const {
    WireHeaders all;
    if (!accept.empty()) all.emplace_back("Accept", accept);
    if (has_body) all.emplace_back("Content-Type", "application/json");
    if (!session.empty()) all.emplace_back("Mcp-Session-Id", session);
    if (!version.empty()) all.emplace_back("MCP-Protocol-Version", version);
    if (!token.empty()) all.emplace_back("Authorization", "Bearer " + token);
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  void begin_post(HttpWire& wire, std::string_view body) const {
    wire.send(http_request("POST", port_, headers(true), body));
  }
  void begin_get(HttpWire& wire, std::string_view last_event_id = {}) const {
    WireHeaders all = headers(false);
    if (!last_event_id.empty()) all.emplace_back("Last-Event-ID", last_event_id);
    wire.send(http_request("GET", port_, all, {}));
  }

  WireAnswer post(std::string_view body) const {
    HttpWire wire(port_);
    begin_post(wire, body);
    return wire.read_answer();
  }
  // Of a GET that is refused; one that is not is a stream, see begin_get().
  WireAnswer get(std::string_view last_event_id = {}) const {
    HttpWire wire(port_);
    begin_get(wire, last_event_id);
    return wire.read_answer();
  }
  WireAnswer del() const {
    HttpWire wire(port_);
    wire.send(http_request("DELETE", port_, headers(false), {}));
    return wire.read_answer();
  }

  WireAnswer initialize(std::string_view revision = "2025-11-25",
                        std::string_view capabilities = "{}") {
    WireAnswer answer = post(rpc("0", "initialize",
                                 "{\"protocolVersion\":\"" + std::string(revision) +
                                     "\",\"capabilities\":" + std::string(capabilities) +
                                     ",\"clientInfo\":{\"name\":\"tester\",\"version\":"
                                     "\"1\"}}"));
    session = answer.header("mcp-session-id");
    return answer;
  }

 private:
  const std::uint16_t port_;
};

}  // namespace devs
