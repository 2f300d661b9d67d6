#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/net/http_front.h"
#include "orchestrator/streams/stream_routes.h"
#include "protocol/sse_parser.h"
#include "tests/orchestrator/streams/captured_log.h"
#include "tests/support/broken_file.h"
#include "tests/support/patience.h"
#include "tests/support/temp_dir.h"
#include "trace/flight_recorder.h"

namespace devs {

// Everything from the bus to the socket, real, with the reactor's turns run by the
// test's thread and the clock of its choice.
class StreamHouse {
 public:
  struct Options {
    StreamHub::Options hub = {};
    TraceStreamBus::Options bus = {};
    HttpFront::Options front = {};
    FlightRecorder::Options recorder = {.retry = std::chrono::milliseconds(5)};
    Principal principal = {};        // of a request without `X-Guest: <name>`
    std::filesystem::path dir = {};  // of a house before this one; empty: its own
    std::uint64_t segment_bytes = 64u << 20u;
    // Of rooms that show entries in their own way; without them their streams are not there.
    std::function<std::vector<std::shared_ptr<const Projection>>(const Clock&)> projections =
        [](const Clock&) { return std::vector<std::shared_ptr<const Projection>>(); };
  };

  explicit StreamHouse(const Clock& clock = system_clock()) : StreamHouse(clock, Options()) {}
  StreamHouse(const Clock& clock, Options options)
      : log_dir(options.dir.empty() ? dir.path() : options.dir),
        flight(FlightLog::open({.dir = log_dir,
                                .segment_bytes = options.segment_bytes,
                                .files = &disk,
                                .clock = &clock},
                               log)
                   .value()),
        bus(after(options.bus, flight->last()), clock),
        recorder(bus, *flight, nullptr, log, metrics, options.recorder),
        reactor(clock, metrics),
        workers({.name = "http", .threads = 2, .queue_capacity = 4096}),
        waiters(bus, reactor),
        hub(options.hub, bus, *flight, reactor, workers, log, metrics, options.projections(clock)),
        publishing(flight->epoch(), bus, waiters, clock, log, metrics),
        trace(bus, *flight),
        front(options.front, routes(), authorize(options.principal), reactor, workers, log,
              metrics) {
    if (!front.listen().ok()) std::abort();
  }
  ~StreamHouse() {
    disk.mend();
    workers.stop();
    bus.close();
    recorder.stop();
  }

  // Turns until `what` holds; false when it did not in `kPatience`.
  bool turn_until(const std::function<bool()>& what) {
    const auto deadline = soon();
    while (!what()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      reactor.turn(std::chrono::milliseconds(1));
    }
    return true;
  }
  void turn_some(int turns = 20) {
    for (; turns > 0; --turns) reactor.turn(std::chrono::milliseconds(1));
  }
  Sequence publish(std::string body, std::string topics = {}) {
    Draft draft = draft_of_published(std::move(body));
    draft.topics = std::move(topics);
    return bus.publish(std::move(draft)).value();
  }
  bool flush() { return recorder.flush(soon()).ok(); }
  std::string id(Sequence sequence) const { return encode_event_id(flight->epoch(), sequence); }

  TempDir dir;
  const std::filesystem::path log_dir;
  BrokenDisk disk;
  CapturedLog log;
  Metrics metrics;
  const std::unique_ptr<FlightLog> flight;
  TraceStreamBus bus;
  FlightRecorder recorder;
  Reactor reactor;
  WorkerPool workers;
  StoredWaiters waiters;
  StreamHub hub;
  PublishEndpoint publishing;
  TraceEndpoint trace;
  HttpFront front;

 private:
  RouteTable routes() {
    RouteTable table;
    if (!add_stream_routes(table, hub, publishing, trace).ok()) std::abort();
    return table;
  }
  static TraceStreamBus::Options after(TraceStreamBus::Options options, Sequence last) {
    options.last = last;
    return options;
  }
  static HttpFront::Authorize authorize(Principal principal) {
    return [principal](Exchange& exchange, const Route&) -> std::optional<HttpAnswer> {
      const std::string_view guest = exchange.head().field("x-guest");
      exchange.set_principal(guest.empty() ? principal : Principal{std::string(guest), false});
      return std::nullopt;
    };
  }
};

// One client socket, never blocking: the test turns the reactor between two looks.
class HttpPeer {
 public:
  HttpPeer(StreamHouse& house, std::string request, int receive_buffer = 0)
      : house_(house), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0)
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(house.front.port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const void* const address = &to;
    if (::connect(fd_, static_cast<const sockaddr*>(address), sizeof to) != 0) std::abort();
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    out_ = std::move(request);
    write_some();
  }
  ~HttpPeer() { close(); }
  HttpPeer(const HttpPeer&) = delete;
  HttpPeer& operator=(const HttpPeer&) = delete;

  static std::string get(const StreamHouse& house, const std::string& target,
                         const std::string& headers = "", const std::string& method = "GET") {
    return method + ' ' + target +
           " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(house.front.port()) + "\r\n" + headers +
           "\r\n";
  }
  static std::string post(const StreamHouse& house, const std::string& target,
                          const std::string& type, const std::string& body,
                          const std::string& headers = "") {
    return "POST " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(house.front.port()) +
           "\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n" + headers + "\r\n" + body;
  }

  // Takes what is there, at most `limit` bytes.
  void receive(std::size_t limit = 1u << 24u) {
    write_some();
    std::string buffer(std::min<std::size_t>(limit, 1u << 18u), '\0');
    while (fd_ >= 0 && limit > 0) {
      const ssize_t got = ::recv(fd_, buffer.data(), std::min(limit, buffer.size()), 0);
      if (got > 0) {
        raw_.append(buffer, 0, static_cast<std::size_t>(got));
        limit -= static_cast<std::size_t>(got);
        continue;
      }
      if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) ended_ = true;
      break;
    }
    parse();
  }
  bool wait(const std::function<bool()>& what) {
    const bool came = house_.turn_until([this, &what] {
      receive();
      return what();
    });
    if (!came)
      MESSAGE("waited in vain: status ", status(),
              ended_      ? ", cut"
              : finished_ ? ", finished"
                          : "",
              ", ", body_.size(), " bytes of body, last id ", last_event_id());
    return came;
  }
  // From here on its socket takes what the house has: a window of 4 KB may take
  // minutes for what is a matter of milliseconds.
  void widen() {
    const int bytes = 1 << 20;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  bool wait_head() {
    return wait([this] { return !head_.empty(); });
  }
  bool wait_body(std::string_view expected) {
    return wait([this, expected] { return body_.size() >= expected.size(); }) && body_ == expected;
  }
  bool wait_events(std::size_t count) {
    return wait([this, count] { return events.size() >= count; });
  }
  // A plain answer: everything its Content-Length promises.
  bool wait_answer() {
    return wait([this] { return !head_.empty() && body_.size() >= content_length_; });
  }

  int status() const { return head_.size() > 12 ? std::stoi(head_.substr(9, 3)) : 0; }
  std::string header(std::string_view name) const {
    std::string lower = "\r\n" + std::string(name) + ": ";
    const std::size_t at = head_.find(lower);
    if (at == std::string::npos) return "";
    const std::size_t from = at + lower.size();
    return head_.substr(from, head_.find("\r\n", from) - from);
  }
  const std::string& head() const { return head_; }
  const std::string& body() const { return body_; }
  bool ended() const { return ended_; }        // the connection
  bool finished() const { return finished_; }  // the last chunk came
  void forget_body() { body_.clear(); }
  std::string last_event_id() const { return parser_.last_event_id(); }

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

  std::vector<SseParser::Event> events;

 private:
  void write_some() {
    while (!out_.empty() && fd_ >= 0) {
      const ssize_t sent = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      out_.erase(0, static_cast<std::size_t>(sent));
    }
  }
  void parse() {
    if (head_.empty()) {
      const std::size_t end = raw_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      head_ = raw_.substr(0, end + 4);
      raw_.erase(0, end + 4);
      chunked_ = head_.find("Transfer-Encoding: chunked") != std::string::npos;
      if (const std::string length = header("Content-Length"); !length.empty())
        content_length_ = std::stoul(length);
    }
    if (!chunked_) {
      take(raw_);
      raw_.clear();
      return;
    }
    std::size_t at = 0;
    for (;;) {
      const std::size_t line = raw_.find("\r\n", at);
      if (line == std::string::npos) break;
      const std::size_t size = std::stoul(raw_.substr(at, line - at), nullptr, 16);
      if (raw_.size() < line + 2 + size + 2) break;
      if (size == 0) finished_ = true;
      take(std::string_view(raw_).substr(line + 2, size));
      at = line + 2 + size + 2;
    }
    raw_.erase(0, at);
  }
  void take(std::string_view bytes) {
    body_ += bytes;
    if (!parser_.feed(bytes).ok()) std::abort();
  }

  StreamHouse& house_;
  int fd_;
  std::string out_, raw_, head_, body_;
  bool chunked_ = false, ended_ = false, finished_ = false;
  std::size_t content_length_ = 0;
  SseParser parser_{[this](const SseParser::Event& event) { events.push_back(event); }};
};

// First frames, as every profile of this room writes them.
inline const std::string kFirst = ": connected\n\nretry: 2000\n\n";

inline std::string frame(const StreamHouse& house, Sequence n, const std::string& body) {
  return "id: " + house.id(n) + "\ndata: " + body + "\n\n";
}
inline std::string thought(std::size_t n, const std::string& more = "") {
  return R"({"type":"thought","n":)" + std::to_string(n) + more + '}';
}

}  // namespace devs
