#include "orchestrator/net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace devs {

namespace {

constexpr int kBacklog = 4'096;  // a whole audience that comes back at once
constexpr int kAcceptsPerTurn = 64;
constexpr unsigned kUserTimeoutMs = 30'000;
constexpr std::chrono::milliseconds kNoDescriptorPause{100};
constexpr std::chrono::milliseconds kMaxBackoff{1'000};
constexpr int kPortTries = 16;  // to find one that is free in both families

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  std::string text;
  bool v6 = false;
};

std::optional<Address> address_of(const std::string& host, std::uint16_t port) {
  Address address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address.size = sizeof(v4);
    address.text = host;
    return address;
  }
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const std::string bare = bracketed ? host.substr(1, host.size() - 2) : host;
  if (inet_pton(AF_INET6, bare.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  address.size = sizeof(v6);
  address.text = "[" + bare + "]";
  address.v6 = true;
  return address;
}

// Options that accepted sockets inherit are set here, once.
int open_socket(const Address& address, int& error) {
  const int family = address.v6 ? AF_INET6 : AF_INET;
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    error = errno;
    return -1;
  }
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMs, sizeof(kUserTimeoutMs));
  if (address.v6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  const auto* const name = reinterpret_cast<const sockaddr*>(&address.storage);
  if (bind(fd, name, address.size) != 0 || listen(fd, kBacklog) != 0) {
    error = errno;
    close(fd);
    return -1;
  }
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  return storage.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<const sockaddr_in6&>(storage).sin6_port)
             : ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
}

std::string words_of(int error) {
  if (error == EADDRINUSE) return "address in use";
  return fmt::format("{} (errno {})", strerrordesc_np(error), error);
}

Listener::Accepted describe(int fd) {
  Listener::Accepted accepted{.fd = fd, .peer = {}, .address_key = {}};
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return accepted;
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    accepted.peer = inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    if ((ntohl(v4.sin_addr.s_addr) >> 24u) != 127) accepted.address_key = accepted.peer;
  } else if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    accepted.peer = inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    if (!IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr))  // one house, one /64
      accepted.address_key.assign(reinterpret_cast<const char*>(&v6.sin6_addr), 8);
  }
  return accepted;
}

}  // namespace

class Listener::Socket final : public FdHandler {
 public:
  Socket(Listener& owner, Address where, int descriptor)
      : address(std::move(where)), fd(descriptor), owner_(owner) {}
  ~Socket() override {
    if (fd >= 0) ::close(fd);
  }
  void on_ready(std::uint32_t) override { owner_.accept_some(*this); }

  Address address;
  int fd;
  int renewals = 0;
  TimePoint first_renewal;

 private:
  Listener& owner_;
};

Listener::Listener(Options options, Reactor& reactor, Log& log, Metrics& metrics)
    : options_(std::move(options)),
      reactor_(reactor),
      log_(log),
      metrics_(metrics),
      reserve_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      resume_([this] { resume(); }) {
}

Listener::~Listener() {
  close();
  if (reserve_ >= 0) ::close(reserve_);
}

Status Listener::open(const std::string& host, std::uint16_t port) {
  if (host == "127.0.0.1") return open_both(port);
  auto address = address_of(host, port);
  if (!address)
    return Status(Code::invalid_argument, fmt::format("not a literal address: {}", host));
  int error = 0;
  const int fd = open_socket(*address, error);
  if (fd < 0)
    return Status(Code::unavailable, fmt::format("cannot listen on {} port {}: {}", address->text,
                                                 port, words_of(error)));
  port_ = port_of(fd);
  sockets_.push_back(std::make_unique<Socket>(*this, std::move(*address), fd));
  return {};
}

Status Listener::open_both(std::uint16_t port) {
  for (int tries = 1;; ++tries) {
    int error = 0;
    Address v4 = *address_of("127.0.0.1", port);
    const int first = open_socket(v4, error);
    if (first < 0)
      return Status(Code::unavailable,
                    fmt::format("cannot listen on {} port {}: {}", v4.text, port, words_of(error)));
    const std::uint16_t got = port_of(first);
    Address v6 = *address_of("::1", got);
    const int second = open_socket(v6, error);
    if (second < 0 && error == EADDRINUSE) {
      ::close(first);
      if (port == 0 && tries < kPortTries) continue;
      return Status(Code::unavailable,
                    fmt::format("cannot listen on {} port {}: address in use", v6.text, got));
    }
    port_ = got;
    sockets_.push_back(std::make_unique<Socket>(*this, *address_of("127.0.0.1", got), first));
    if (second >= 0)
      sockets_.push_back(std::make_unique<Socket>(*this, std::move(v6), second));
    else
      log_.info("no_ipv6_loopback", {{"reason", words_of(error)}});
    return {};
  }
}

void Listener::start() {
  started_ = true;
  for (const auto& socket : sockets_) reactor_.watch(socket->fd, EPOLLIN, *socket);
}

void Listener::close() {
  resume_.cancel();
  if (started_)
    for (const auto& socket : sockets_) reactor_.forget(socket->fd);
  started_ = false;
  for (const auto& socket : sockets_) {
    ::close(socket->fd);
    socket->fd = -1;
  }
}

void Listener::accept_some(Socket& socket) {
  for (int i = 0; i < kAcceptsPerTurn && started_; ++i) {
    const int fd = options_.accept
                       ? options_.accept(socket.fd)
                       : accept4(socket.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      backoff_ = std::chrono::milliseconds(10);
      options_.on_accepted(describe(fd));
      continue;
    }
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) return;
    if (on_error(socket, error) != Next::again) return;
  }
}

Listener::Next Listener::on_error(Socket& socket, int error) {
  const char* const name = strerrorname_np(error);
  metrics_.counter("http_accept_errors_total", fmt::format("error=\"{}\"", name ? name : "?"))
      .add();
  switch (error) {
    case EMFILE:
    case ENFILE:
      out_of_descriptors(socket);
      pause(kNoDescriptorPause);
      return Next::pause;
    case ENOMEM:
    case ENOBUFS:
      pause(backoff_);
      backoff_ = std::min(backoff_ * 2, kMaxBackoff);
      return Next::pause;
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
      renew(socket);
      return Next::enough;
    default:
      return Next::again;  // of one connection, or of the network behind it
  }
}

// The peer at the head of the queue is told, instead of being left to wait.
void Listener::out_of_descriptors(Socket& socket) {
  if (reserve_ < 0) return;
  ::close(reserve_);
  const int fd = accept4(socket.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    const std::string& canned = options_.canned();
    send(fd, canned.data(), canned.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(fd, SHUT_WR);
    ::close(fd);
  }
  reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

// A listener that is no listener any more is made anew; thrice in ten seconds is
// somebody else's bug, and waiting is all that is left.
void Listener::renew(Socket& socket) {
  const TimePoint now = reactor_.now();
  if (socket.renewals == 0 || now - socket.first_renewal > std::chrono::seconds(10)) {
    socket.renewals = 0;
    socket.first_renewal = now;
  }
  if (++socket.renewals >= 3) {
    log_.error("listener_lost", {{"address", socket.address.text}});
    pause(kMaxBackoff);
    return;
  }
  reactor_.forget(socket.fd);
  ::close(socket.fd);
  int error = 0;
  socket.fd = open_socket(socket.address, error);
  if (socket.fd < 0) {
    log_.error("listener_lost", {{"address", socket.address.text}, {"reason", words_of(error)}});
    pause(kMaxBackoff);  // resume() tries again
    return;
  }
  log_.warn("listener_renewed", {{"address", socket.address.text}});
  reactor_.watch(socket.fd, EPOLLIN, socket);
}

void Listener::pause(std::chrono::milliseconds time) {
  for (const auto& socket : sockets_)
    if (socket->fd >= 0) reactor_.forget(socket->fd);
  reactor_.timers().set(resume_, reactor_.now() + time);
}

void Listener::resume() {
  if (reserve_ < 0) reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (const auto& socket : sockets_) {
    if (socket->fd < 0) {
      int error = 0;
      socket->fd = open_socket(socket->address, error);
    }
    if (socket->fd >= 0) reactor_.watch(socket->fd, EPOLLIN, *socket);
  }
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1'024;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace devs
