#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/result.h"

namespace devs {

// Where a server listens: an http:// URL with a numeric IPv4 address.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  std::string path = "/";

  std::string authority() const { return host + ":" + std::to_string(port); }
};

Result<Endpoint> read_url(std::string_view url);

// What a client asks of its socket beyond being connected.
struct SocketWish {
  std::uint32_t from = 0;  // our own IPv4 address; 0: the system's choice
  int receive_buffer = 0;  // bytes; 0: the system's choice
};

// A non-blocking connected socket without Nagle's delay; the caller closes it.
Result<int> connect_to(const Endpoint& endpoint, const SocketWish& wish = {});

// The loopback address client `number` speaks from: one address has too few ports for
// many thousand connections to one server.
std::uint32_t loopback_of(std::size_t number);

// Sends all of `bytes`, waiting while the socket is full.  False: the peer is gone.
bool send_all(int fd, std::string_view bytes);

// The soft limit of descriptors becomes the hard one.
void allow_many_descriptors();

}  // namespace devs
