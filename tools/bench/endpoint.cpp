#include "tools/bench/endpoint.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace devs {

Result<Endpoint> read_url(std::string_view url) {
  const Status bad(Code::invalid_argument,
                   "not an http://a.b.c.d:port/path URL: " + std::string(url));
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme)) return bad;
  url.remove_prefix(scheme.size());
  Endpoint endpoint;
  if (const auto slash = url.find('/'); slash != std::string_view::npos) {
    endpoint.path = url.substr(slash);
    url = url.substr(0, slash);
  }
  const auto colon = url.find(':');
  if (colon == std::string_view::npos) return bad;
  endpoint.host = url.substr(0, colon);
  const char* end = url.data() + url.size();
  if (std::from_chars(url.data() + colon + 1, end, endpoint.port).ptr != end) return bad;
  return endpoint;
}

namespace {

void prepare(int fd, const SocketWish& wish) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (wish.receive_buffer > 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wish.receive_buffer, sizeof wish.receive_buffer);
  if (wish.from == 0) return;
  // The port is chosen at connect, when it must be free only for this pair.
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(wish.from);
  (void)bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own);
}

}  // namespace

std::uint32_t loopback_of(std::size_t number) {
  constexpr std::size_t kPerAddress = 1000;
  return INADDR_LOOPBACK + static_cast<std::uint32_t>(number / kPerAddress);
}

Result<int> connect_to(const Endpoint& endpoint, const SocketWish& wish) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  if (inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr) != 1)
    return Status(Code::invalid_argument, "not an IPv4 address: " + endpoint.host);

  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Status(Code::resource_exhausted, std::strerror(errno));
  prepare(fd, wish);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int why = errno;
    close(fd);
    return Status(Code::unavailable, endpoint.authority() + ": " + std::strerror(why));
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      pollfd writable{fd, POLLOUT, 0};
      poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void allow_many_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace devs
