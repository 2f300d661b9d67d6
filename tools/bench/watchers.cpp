#include "tools/bench/watchers.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "tools/bench/marked_text.h"

namespace devs {
namespace {

constexpr int kEventsPerTurn = 256;
constexpr int kFirstFrameMs = 10'000;
constexpr int kSmallBuffer = 4 * 1024;  // of a reader that stalls
constexpr std::string_view kFrameEnd = "\n\n";
// RFC 6455: any key will do; a pong without payload, its mask all zeros.
constexpr std::string_view kUpgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
constexpr std::string_view kPong("\x8a\x80\0\0\0\0", 6);
constexpr unsigned kPing = 0x89;

// `2026-11-21T01:24:05.120Z` on the clock of now(); 0: not such a time.
Nanos monotonic_of(const char* iso) {
  std::tm parts{};
  const char* const rest = strptime(iso, "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr || *rest != '.') return 0;
  const Nanos wall = Nanos{timegm(&parts)} * kSecond + std::atoi(rest + 1) * (kSecond / 1000);
  return wall - nanos_of(CLOCK_REALTIME) + now();
}

Nanos stamp_behind(std::string_view frame) {
  constexpr std::string_view kStamp = "\"timestamp\":\"";
  const std::size_t at = frame.find(kStamp);
  if (at == std::string_view::npos) return 0;
  return monotonic_of(std::string(frame.substr(at + kStamp.size(), 24)).c_str());
}

}  // namespace

Watchers::Watchers(Endpoint endpoint, Options options)
    : endpoint_(std::move(endpoint)),
      options_(std::move(options)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
}

Watchers::~Watchers() {
  for (const auto& [fd, reader] : readers_) close(fd);
  for (const Reader& reader : stalled_) close(reader.fd);
  close(epoll_);
}

std::optional<Watchers::Frame> Watchers::next_frame(std::string_view bytes, std::size_t& at) const {
  Frame frame;
  if (!options_.websocket) {
    const std::size_t end = bytes.find(kFrameEnd, at);
    if (end == std::string_view::npos) return std::nullopt;
    frame.text = bytes.substr(at, end - at);
    at = end + kFrameEnd.size();
    return frame;
  }
  // Unmasked, as a server's are: opcode, length in 7 bits, or in 2 or 8 bytes behind them.
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(bytes[index]); };
  std::size_t from = at + 2;
  if (bytes.size() < from) return std::nullopt;
  frame.is_ping = byte(at) == kPing;
  std::size_t size = byte(at + 1);
  if (size >= 126) {
    const std::size_t more = size == 126 ? 2 : 8;
    if (bytes.size() < from + more) return std::nullopt;
    size = 0;
    for (const std::size_t end = from + more; from < end; ++from) size = size << 8u | byte(from);
  }
  if (bytes.size() - from < size) return std::nullopt;
  frame.text = bytes.substr(from, size);
  at = from + size;
  return frame;
}

// Connected, answered with 200 or 101, and its first frame read.
Result<Watchers::Reader> Watchers::open(const std::string& path, int receive_buffer) {
  std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + endpoint_.authority() +
                        "\r\nAccept: text/event-stream\r\n";
  if (!options_.token.empty()) request += "Authorization: Bearer " + options_.token + "\r\n";
  if (options_.websocket) request += kUpgrade;
  Reader reader;
  auto fd = connect_to(endpoint_, {.receive_buffer = receive_buffer});
  if (!fd.ok()) return fd.status();
  reader.fd = *fd;
  bool open = send_all(reader.fd, request + "\r\n");
  std::size_t body = std::string::npos;
  while (open) {
    body = reader.rest.find("\r\n\r\n");
    if (std::size_t at = body + 4; body != std::string::npos && next_frame(reader.rest, at)) break;
    char bytes[4096];
    pollfd readable{reader.fd, POLLIN, 0};
    const ssize_t got =
        poll(&readable, 1, kFirstFrameMs) == 1 ? recv(reader.fd, bytes, sizeof bytes, 0) : 0;
    open = got > 0;
    if (open) reader.rest.append(bytes, static_cast<std::size_t>(got));
  }
  if (!open || !reader.rest.starts_with(options_.websocket ? "HTTP/1.1 101 " : "HTTP/1.1 200 ")) {
    close(reader.fd);
    return Status(Code::unavailable, "not a stream: " + reader.rest.substr(0, 60));
  }
  reader.rest.erase(0, body + 4);
  reader.last_beat = now();
  return reader;
}

Status Watchers::connect(std::size_t readers) {
  for (std::size_t at = 0; at < readers; ++at) {
    const Nanos begin = now();
    auto reader = open(endpoint_.path, 0);
    if (!reader.ok()) return reader.status();
    connecting_.add(now() - begin);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = reader->fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, reader->fd, &event);
    readers_.emplace(reader->fd, std::move(*reader));
  }
  return {};
}

Status Watchers::connect_stalled(std::size_t readers, const std::string& path) {
  for (std::size_t at = 0; at < readers; ++at) {
    auto reader = open(path, kSmallBuffer);
    if (!reader.ok()) return reader.status();
    stalled_.push_back(std::move(*reader));
  }
  bytes_at_stall_ = readers_.empty() ? 0 : readers_.begin()->second.bytes;
  return {};
}

double Watchers::drop_stalled() {
  const std::uint64_t others =
      readers_.empty() ? 0 : readers_.begin()->second.bytes - bytes_at_stall_;
  double share = 0;
  for (const Reader& reader : stalled_) {
    int waiting = 0;
    ioctl(reader.fd, FIONREAD, &waiting);
    if (others > 0)
      share = std::max(share, static_cast<double>(waiting) / static_cast<double>(others));
    close(reader.fd);
  }
  stalled_.clear();
  return share;
}

void Watchers::turn(Nanos patience, const OnSight& on_sight) {
  epoll_event events[kEventsPerTurn];
  const int count =
      epoll_wait(epoll_, events, kEventsPerTurn, static_cast<int>(patience / 1'000'000));
  for (int at = 0; at < count; ++at) {
    Reader& reader = readers_.at(events[at].data.fd);
    char bytes[64 * 1024];
    const ssize_t got = recv(reader.fd, bytes, sizeof bytes, MSG_DONTWAIT);
    const Nanos received = now();
    if (got <= 0) {
      if (got < 0 && errno == EAGAIN) continue;
      ++lost_;
      close(reader.fd);
      readers_.erase(reader.fd);
      continue;
    }
    reader.bytes += static_cast<std::uint64_t>(got);
    reader.rest.append(bytes, static_cast<std::size_t>(got));
    std::size_t done = 0;
    while (const auto frame = next_frame(reader.rest, done)) {
      if (frame->is_ping) send_all(reader.fd, kPong);
      take(reader, frame->text, received, on_sight);
    }
    reader.rest.erase(0, done);
  }
}

void Watchers::take(Reader& reader, std::string_view frame, Nanos received,
                    const OnSight& on_sight) {
  if (!options_.heartbeat.empty() && frame.find(options_.heartbeat) != std::string_view::npos) {
    jitter_.add(std::abs(received - reader.last_beat - options_.period));
    reader.last_beat = received;
    ++beats_;
  }
  const auto mark = find_mark(frame, 0);
  if (!mark || mark->due == reader.last_due) return;
  reader.last_due = mark->due;
  on_sight({mark->due, received, stamp_behind(frame.substr(mark->end))});
}

}  // namespace devs
