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

// A non-blocking connected socket without Nagle's delay; the caller closes it.
Result<int> connect_to(const Endpoint& endpoint);

// Sends all of `bytes`, waiting while the socket is full.  False: the peer is gone.
bool send_all(int fd, std::string_view bytes);

// The soft limit of descriptors becomes the hard one.
void raise_descriptor_limit();

}  // namespace devs
