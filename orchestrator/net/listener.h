#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/net/reactor.h"
#include "protocol/status.h"
#include "trace/log.h"
#include "trace/metrics.h"

namespace devs {

// The sockets that accept, and what is done when accept(2) fails: whatever it
// says, the front is accepting again within a second, and never spins.
//
// open() belongs to the owner's thread, before start(); the rest is confined to
// the reactor.
class Listener {
 public:
  struct Accepted {
    int fd = -1;
    std::string peer;         // literal address
    std::string address_key;  // what the limit per address counts; empty: loopback
  };
  struct Options {
    std::function<int(int)> accept;  // empty: accept4(2)
    std::function<void(Accepted)> on_accepted;
    std::function<const std::string&()> canned;  // for a peer we have no descriptor for
  };

  Listener(Options options, Reactor& reactor, Log& log, Metrics& metrics);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Binds `host` (a literal address; 127.0.0.1 brings [::1] too when this machine
  // has it) to one port.  Fails naming address and reason.
  Status open(const std::string& host, std::uint16_t port);
  std::uint16_t port() const { return port_; }

  void start();
  void close();  // idempotent

 private:
  class Socket;
  enum class Next { again, enough, pause };

  Status open_both(std::uint16_t port);
  void accept_some(Socket& socket);
  Next on_error(Socket& socket, int error);
  void out_of_descriptors(Socket& socket);
  void renew(Socket& socket);
  void pause(std::chrono::milliseconds time);
  void resume();

  const Options options_;
  Reactor& reactor_;
  Log& log_;
  Metrics& metrics_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::uint16_t port_ = 0;
  int reserve_ = -1;  // given up for a moment to say 503 when descriptors are gone
  std::chrono::milliseconds backoff_{10};
  Timer resume_;
  bool started_ = false;
};

// The soft limit of descriptors raised to the hard one; how many there may be.
std::size_t raise_descriptor_limit();

}  // namespace devs
