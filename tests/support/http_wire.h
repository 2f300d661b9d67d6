#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/sse_parser.h"
#include "tests/support/patience.h"

namespace devs {

// One answer as it came over the wire.
struct WireAnswer {
  int status = 0;  // 0: the connection ended, or nothing came in `kPatience`
  std::map<std::string, std::string> headers;  // names lower-cased, doubled ones joined
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

// One connection to a server on loopback, spoken to in bytes.  Confined to the
// test's thread; waits at most `kPatience` for anything.
class HttpWire {
 public:
  explicit HttpWire(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) hang_up();
  }
  ~HttpWire() { hang_up(); }
  HttpWire(const HttpWire&) = delete;
  HttpWire& operator=(const HttpWire&) = delete;

  int fd() const { return fd_; }  // -1: hung up

  void send(std::string_view bytes) {
    while (fd_ >= 0 && !bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return hang_up();
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void hang_up() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  // The head alone; the body is read by read_body() or read_part().
  WireAnswer read_head() {
    WireAnswer answer;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return answer;
    }
    const std::string head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    std::size_t at = head.find("\r\n");
    answer.status = std::atoi(head.substr(head.find(' ') + 1, 3).c_str());
    for (at += 2; at < head.size();) {
      const std::size_t line_end = head.find("\r\n", at);
      const std::size_t colon = head.find(':', at);
      std::string name = head.substr(at, colon - at);
      for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      std::size_t value = colon + 1;
      while (value < line_end && head[value] == ' ') ++value;
      std::string& all = answer.headers[name];
      all += (all.empty() ? "" : ", ") + head.substr(value, line_end - value);
      at = line_end + 2;
    }
    chunked_ = answer.header("transfer-encoding") == "chunked";
    ended_ = false;
    return answer;
  }

  WireAnswer read_answer() {
    WireAnswer answer = read_head();
    if (answer.status == 0) return answer;
    if (chunked_) {
      while (const auto part = read_part()) answer.body += *part;
      return answer;
    }
    const auto length = static_cast<std::size_t>(
        std::strtoul(answer.header("content-length").c_str(), nullptr, 10));
    while (buffer_.size() < length) {
      if (!read_more()) return answer;
    }
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return answer;
  }

  // The next chunk of a chunked body; nullopt at its end, or when nothing comes.
  std::optional<std::string> read_part() {
    if (ended_) return std::nullopt;
    std::size_t line = 0;
    while ((line = buffer_.find("\r\n")) == std::string::npos) {
      if (!read_more()) return std::nullopt;
    }
    const auto size = static_cast<std::size_t>(std::strtoul(buffer_.c_str(), nullptr, 16));
    while (buffer_.size() < line + 2 + size + 2) {
      if (!read_more()) return std::nullopt;
    }
    std::string part = buffer_.substr(line + 2, size);
    buffer_.erase(0, line + 2 + size + 2);
    if (size != 0) return part;
    ended_ = true;
    return std::nullopt;
  }
  bool ended() const { return ended_; }  // the last chunk has come

  // Exactly up to `bytes` raw bytes, for tests that cut a body anywhere.
  std::string read_raw(std::size_t bytes) {
    while (buffer_.size() < bytes && read_more()) {
    }
    const std::string raw = buffer_.substr(0, bytes);
    buffer_.erase(0, raw.size());
    return raw;
  }

 private:
  bool read_more() {
    if (fd_ < 0) return false;
    pollfd asked{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&asked, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) <= 0)
      return false;
    char bytes[16'384];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  std::string buffer_;
  bool chunked_ = false;
  bool ended_ = false;
};

// The messages of a stream whose head has been read from `wire`.  An event without
// data (priming) is none, as every client has it; raw() has it all the same.
class SseWire {
 public:
  explicit SseWire(HttpWire& wire) : wire_(wire) {}

  // nullopt: the stream ended, or nothing came in `kPatience`.
  std::optional<SseParser::Event> next() {
    while (events_.empty()) {
      const auto part = wire_.read_part();
      if (!part) return std::nullopt;
      raw_ += *part;
      if (!parser_.feed(*part).ok()) return std::nullopt;
    }
    SseParser::Event event = events_.front();
    events_.erase(events_.begin());
    return event;
  }
  bool ended() const { return events_.empty() && wire_.ended(); }
  const std::string& raw() const { return raw_; }  // everything so far
  const SseParser& parser() const { return parser_; }

 private:
  HttpWire& wire_;
  std::vector<SseParser::Event> events_;
  SseParser parser_{[this](const SseParser::Event& event) {
    if (!event.data.empty()) events_.push_back(event);
  }};
  std::string raw_;
};

}  // namespace devs
