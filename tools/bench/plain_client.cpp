#include "tools/bench/plain_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace devs {
namespace {

constexpr int kPatienceMs = 30'000;

}  // namespace

std::string post_of(const Endpoint& endpoint, std::string_view session, std::string_view body) {
  std::string text = "POST " + endpoint.path + " HTTP/1.1\r\nHost: " + endpoint.authority() +
                     "\r\nContent-Type: application/json\r\nAccept: application/json, "
                     "text/event-stream\r\n";
  if (!session.empty())
    text.append("Mcp-Session-Id: ")
        .append(session)
        .append("\r\nMCP-Protocol-Version: 2025-11-25\r\n");
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return text.append(body);
}

PlainClient::~PlainClient() {
  if (fd_ >= 0) close(fd_);
}

HttpAnswers::Answer PlainClient::post(std::string_view session, std::string_view body) {
  HttpAnswers::Answer answer;
  if (fd_ < 0) {
    const auto fd = connect_to(endpoint_);
    if (!fd.ok()) return answer;
    fd_ = *fd;
    answers_.reset();
  }
  bool open = send_all(fd_, post_of(endpoint_, session, body));
  while (open && !answers_.take(answer)) {
    char bytes[64 * 1024];
    pollfd readable{fd_, POLLIN, 0};
    const ssize_t got = poll(&readable, 1, kPatienceMs) > 0 ? recv(fd_, bytes, sizeof bytes, 0) : 0;
    open = got > 0 && !answers_.broken();
    if (open) answers_.feed({bytes, static_cast<std::size_t>(got)});
  }
  if (!open || answer.closes) close(std::exchange(fd_, -1));
  return answer;
}

std::string PlainClient::initialise(std::string_view capabilities, HttpAnswers::Answer* answer) {
  HttpAnswers::Answer hello =
      post({}, R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":)"
               R"("2025-11-25","capabilities":)" +
                   std::string(capabilities) + R"(,"clientInfo":{"name":"bench","version":"1"}}})");
  std::string id = hello.session;
  if (answer != nullptr) *answer = std::move(hello);
  return id;
}

}  // namespace devs
