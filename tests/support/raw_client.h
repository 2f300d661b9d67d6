#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/patience.h"

namespace devs {

// One answer, as it came.
struct RawAnswer {
  int status = 0;                                            // 0: none came
  std::vector<std::pair<std::string, std::string>> headers;  // names lower-cased
  std::string body;
  std::string head;  // verbatim

  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return {};
  }
  bool has(std::string_view name) const {
    for (const auto& header : headers)
      if (header.first == name) return true;
    return false;
  }
};

// A loopback socket that says exactly the bytes it is told to, and reads back
// with a deadline.  `idle` runs whenever it waits: a test that turns its reactor
// by hand turns it there.
class RawClient {
 public:
  using Idle = std::function<void()>;

  RawClient() = default;
  explicit RawClient(std::uint16_t port, Idle idle = {}, bool v6 = false, int receive_buffer = 0)
      : idle_(std::move(idle)) {
    fd_ = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (receive_buffer > 0)
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    six.sin6_addr = in6addr_loopback;
    const auto* const name =
        v6 ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&v4);
    connected_ = connect(fd_, name, v6 ? sizeof(six) : sizeof(v4)) == 0 || errno == EINPROGRESS;
  }
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        connected_(other.connected_),
        ended_(other.ended_),
        reset_(other.reset_),
        in_(std::move(other.in_)),
        idle_(std::move(other.idle_)) {}
  RawClient& operator=(RawClient&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    connected_ = other.connected_;
    ended_ = other.ended_;
    reset_ = other.reset_;
    in_ = std::move(other.in_);
    idle_ = std::move(other.idle_);
    return *this;
  }
  ~RawClient() { close(); }

  int fd() const { return fd_; }
  bool ended() const { return ended_; }  // FIN or RST was seen
  bool was_reset() const { return reset_; }
  const std::string& buffer() const { return in_; }

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void hard_close() {  // RST
    const struct linger hard { .l_onoff = 1, .l_linger = 0 };
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close();
  }
  void half_close() { shutdown(fd_, SHUT_WR); }

  // All of it, or as much as the peer takes before it hangs up; how much.
  std::size_t say(std::string_view bytes) {
    std::size_t sent = 0;
    const auto deadline = soon();
    while (sent < bytes.size() && std::chrono::steady_clock::now() < deadline) {
      const ssize_t n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n > 0) {
        sent += static_cast<std::size_t>(n);
        continue;
      }
      if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) break;
      wait(POLLOUT);
    }
    return sent;
  }

  // Reads until `enough(buffer)` or the end of the connection; whether it was enough.
  template <class Enough>
  bool read_until(Enough enough) {
    const auto deadline = soon();
    while (!enough(in_)) {
      if (ended_ || std::chrono::steady_clock::now() > deadline) return false;
      if (!read_some()) wait(POLLIN);
    }
    return true;
  }
  bool read_text(std::string_view text) {
    return read_until([text](const std::string& in) { return in.find(text) != std::string::npos; });
  }
  bool read_end() {
    read_until([](const std::string&) { return false; });
    return ended_;
  }
  // What is there now, without waiting; false: nothing.
  bool read_some(std::size_t most = 65'536) {
    std::string chunk(most, '\0');
    const ssize_t n = recv(fd_, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (n > 0) {
      in_.append(chunk, 0, static_cast<std::size_t>(n));
      return true;
    }
    if (n == 0) ended_ = true;
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) ended_ = reset_ = true;
    return false;
  }
  std::string take() { return std::exchange(in_, {}); }

  // The next answer, taken out of the buffer; interim ones (100) are answers too.
  RawAnswer answer(bool to_head = false) {
    RawAnswer answer;
    if (!read_text("\r\n\r\n")) return answer;
    const std::size_t end = in_.find("\r\n\r\n") + 4;
    answer.head = in_.substr(0, end);
    in_.erase(0, end);
    answer.status = std::atoi(answer.head.substr(9, 3).c_str());
    for (std::size_t from = answer.head.find("\r\n") + 2; from + 2 < end;) {
      const std::size_t line = answer.head.find("\r\n", from);
      const std::size_t colon = answer.head.find(": ", from);
      std::string name = answer.head.substr(from, colon - from);
      for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      answer.headers.emplace_back(std::move(name), answer.head.substr(colon + 2, line - colon - 2));
      from = line + 2;
    }
    if (to_head) return answer;
    if (const std::string length = answer.header("content-length"); !length.empty()) {
      const auto size = static_cast<std::size_t>(std::strtoull(length.c_str(), nullptr, 10));
      read_until([size](const std::string& in) { return in.size() >= size; });
      answer.body = in_.substr(0, size);
      in_.erase(0, answer.body.size());
    }
    return answer;
  }
  RawAnswer ask(std::string_view request, bool to_head = false) {
    say(request);
    return answer(to_head);
  }

  void wait(short events) {
    if (idle_) {
      idle_();
      return;
    }
    pollfd poll_one{.fd = fd_, .events = events, .revents = 0};
    ::poll(&poll_one, 1, 50);
  }

 private:
  int fd_ = -1;
  bool connected_ = false;
  bool ended_ = false;
  bool reset_ = false;
  std::string in_;
  Idle idle_;
};

inline std::string get_text(std::string_view path, std::uint16_t port, std::string_view more = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
         "\r\n" + std::string(more) + "\r\n";
}
inline std::string post_text(std::string_view path, std::uint16_t port, std::string_view body,
                             std::string_view more = {}) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(more) + "\r\n" + std::string(body);
}

}  // namespace devs
