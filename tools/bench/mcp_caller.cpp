#include "tools/bench/mcp_caller.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace devs {
namespace {

constexpr std::string_view kVersion = "2025-11-25";
constexpr std::string_view kModernMeta =
    R"(,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
    R"("io.modelcontextprotocol/clientInfo":{"name":"mcp_load","version":"1"},)"
    R"("io.modelcontextprotocol/clientCapabilities":{}})";
constexpr int kAnswerWithinMs = 30'000;

}  // namespace

Result<std::unique_ptr<McpCaller>> McpCaller::open(const Endpoint& endpoint, const Tool& tool,
                                                   int number) {
  std::unique_ptr<McpCaller> caller(new McpCaller(endpoint, tool, number));
  if (Status connected = caller->connect(); !connected.ok()) return connected;
  if (tool.modern) return caller;
  if (Status initialised = caller->initialise(); !initialised.ok()) return initialised;
  return caller;
}

McpCaller::~McpCaller() {
  if (fd_ >= 0) close(fd_);
}

Status McpCaller::connect() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  answers_.reset();
  const Result<int> fd = connect_to(endpoint_);
  if (!fd.ok()) return fd.status();
  fd_ = fd.value();
  return {};
}

Status McpCaller::initialise() {
  const auto hello = exchange(
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
      R"("capabilities":{},"clientInfo":{"name":"mcp_load","version":"1"}}})");
  if (!hello.ok()) return hello.status();
  if (hello->status != 200 || hello->body.find(kVersion) == std::string::npos)
    return Status(Code::unavailable, "initialize was answered with " +
                                         std::to_string(hello->status) + ": " + hello->body);
  session_ = hello->session;
  const auto done = exchange(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  if (!done.ok()) return done.status();
  if (done->status != 202)
    return Status(Code::unavailable,
                  "initialized was answered with " + std::to_string(done->status));
  return {};
}

Result<HttpAnswers::Answer> McpCaller::exchange(const std::string& body) {
  if (!send_all(fd_, request(body))) return Status(Code::unavailable, "connection closed");
  HttpAnswers::Answer answer;
  while (!answers_.take(answer)) {
    pollfd readable{fd_, POLLIN, 0};
    if (poll(&readable, 1, kAnswerWithinMs) <= 0)
      return Status(Code::deadline_exceeded, "no answer");
    if (!receive() || answers_.broken()) return Status(Code::unavailable, "connection closed");
  }
  if (answer.closes)
    if (Status connected = connect(); !connected.ok()) return connected;
  return answer;
}

std::string McpCaller::request(const std::string& body) const {
  std::string text = "POST " + endpoint_.path + " HTTP/1.1\r\nHost: " + endpoint_.authority();
  text += "\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";
  if (!session_.empty()) {
    text += "Mcp-Session-Id: " + session_ + "\r\nMCP-Protocol-Version: ";
    text += kVersion;
    text += "\r\n";
  }
  if (tool_.modern)
    text +=
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: " + tool_.name +
        "\r\n";
  return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

Status McpCaller::call() {
  const std::string id = std::to_string(++calls_);
  const std::string text = "caller " + std::to_string(number_) + " call " + id;
  wanted_id_ = "\"id\":" + id;
  const std::string arguments =
      tool_.arguments.empty() ? "{\"" + tool_.argument + "\":\"" + text + "\"}" : tool_.arguments;
  wanted_text_ = tool_.arguments.empty() ? "\"text\":\"" + text + '"' : "\"result\":";
  const std::string body = R"({"jsonrpc":"2.0","id":)" + id +
                           R"(,"method":"tools/call","params":{"name":")" + tool_.name +
                           R"(","arguments":)" + arguments +
                           std::string(tool_.modern ? kModernMeta : "") + "}}";
  const std::string bytes = request(body);
  called_at_ = now();
  return send_all(fd_, bytes) ? Status() : Status(Code::unavailable, "connection closed");
}

// False: the peer closed, or the connection broke.
bool McpCaller::receive() {
  char bytes[16 * 1024];
  const ssize_t got = recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got > 0) answers_.feed({bytes, static_cast<std::size_t>(got)});
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

McpCaller::Heard McpCaller::listen(bool& reconnected) {
  const bool open = receive();
  HttpAnswers::Answer answer;
  if (!answers_.take(answer)) {
    if (!open || answers_.broken()) complaint_ = "the connection ended within a call";
    return open && !answers_.broken() ? Heard::nothing : Heard::gone;
  }
  const bool right = is_right(answer);
  reconnected = answer.closes || !open;
  if (reconnected && !connect().ok()) {
    complaint_ = "the server does not take a new connection";
    return Heard::gone;
  }
  return right ? Heard::answer : Heard::wrong_answer;
}

bool McpCaller::is_right(const HttpAnswers::Answer& answer) {
  const std::size_t id = answer.body.find(wanted_id_);
  // The number ends there: call 1 is not satisfied by the answer of call 12.
  const bool right =
      answer.status == 200 && id != std::string::npos &&
      std::string_view(",}").find(answer.body[id + wanted_id_.size()]) != std::string_view::npos &&
      answer.body.find(wanted_text_) != std::string::npos &&
      (!tool_.streamed || answer.body.starts_with("id: "));
  if (!right) complaint_ = std::to_string(answer.status) + " " + answer.body;
  return right;
}

}  // namespace devs
