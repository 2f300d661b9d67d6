// The physical limit of fan-out: one thread that does nothing but one send of n bytes per
// socket and round, at the pace of the scenario beside it.  No server can deliver one by
// one for less CPU.  Prints one line of JSON.
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "tools/bench/endpoint.h"
#include "tools/bench/flags.h"
#include "tools/bench/latency.h"
#include "tools/bench/nanoseconds.h"

namespace devs {
namespace {

struct Run {
  std::size_t sockets = 0, rounds = 0, bytes = 0;
  double rate = 0;
};

int refuse(const Status& why) {
  std::fprintf(stderr, "floor: %s\n", why.message().c_str());
  return 2;
}

struct Pairs {
  std::vector<int> senders, receivers;

  Status make(std::size_t count);
  ~Pairs() {
    for (int fd : senders) close(fd);
    for (int fd : receivers) close(fd);
  }
};

Status Pairs::make(std::size_t count) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  socklen_t length = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      listen(listener, 128) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    return Status(Code::unavailable, "cannot listen on loopback");
  Status made;
  while (made.ok() && senders.size() < count) {
    const Result<int> there = connect_to({"127.0.0.1", ntohs(address.sin_port), "/"});
    const int here = there.ok() ? accept4(listener, nullptr, nullptr, SOCK_CLOEXEC) : -1;
    if (!there.ok()) made = there.status();
    if (there.ok()) receivers.push_back(there.value());
    if (here >= 0) senders.push_back(here);
    if (there.ok() && here < 0) made = Status(Code::unavailable, "accept failed");
  }
  close(listener);
  return made;
}

// Reads and forgets, as the readers of sse_load do without the checks.
void drain(const std::vector<int>& receivers, const std::stop_token& stop) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (int fd : receivers) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
  std::vector<char> bytes(256 * 1024);
  epoll_event events[512];
  while (!stop.stop_requested()) {
    const int count = epoll_wait(epoll, events, 512, 10);
    for (int at = 0; at < count; ++at)
      (void)!recv(events[at].data.fd, bytes.data(), bytes.size(), 0);
  }
  close(epoll);
}

int measure(const Run& run) {
  Pairs pairs;
  if (Status made = pairs.make(run.sockets); !made.ok()) return refuse(made);
  std::jthread reader([&](const std::stop_token& stop) { drain(pairs.receivers, stop); });

  const std::string frame(run.bytes, 'x');
  const Nanos begin = now();
  const Nanos cpu_begin = nanos_of(CLOCK_THREAD_CPUTIME_ID);
  Latency sent;  // due to sent: a reader cannot have it sooner
  for (std::size_t at = 0; at < run.rounds; ++at) {
    const Nanos due = begin + static_cast<Nanos>(static_cast<double>(at) * 1e9 / run.rate);
    wait_until(due);
    for (int fd : pairs.senders) {
      if (!send_all(fd, frame)) return refuse(Status(Code::unavailable, "send failed"));
      sent.add(now() - due);
    }
  }
  const double cpu = static_cast<double>(nanos_of(CLOCK_THREAD_CPUTIME_ID) - cpu_begin) / 1e9;
  const double seconds = static_cast<double>(now() - begin) / 1e9;
  const double sends = static_cast<double>(run.rounds * run.sockets);
  std::printf(R"({"readers":%zu,"rate":%.0f,"bytes":%zu,"seconds":%.2f,"sends":%.0f,)"
              R"("server_cpu_s":%.2f,"deliveries_per_cpu_s":%.0f,"us_per_send":%.2f,%s,"ok":true})"
              "\n",
              run.sockets, run.rate, run.bytes, seconds, sends, cpu, sends / cpu, cpu * 1e6 / sends,
              sent.members().c_str());
  return 0;
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  using namespace devs;
  Flags flags(argc, argv, {"readers", "rate", "bytes", "seconds"});
  Run run;
  run.sockets = static_cast<std::size_t>(flags.whole("readers", 1000, 1));
  run.rate = flags.number("rate", 100, 1);
  run.bytes = static_cast<std::size_t>(flags.whole("bytes", 240, 1));
  run.rounds = static_cast<std::size_t>(flags.number("seconds", 10, 0.1) * run.rate);
  if (!flags.status().ok()) {
    std::fprintf(stderr, "usage: floor [--readers N] [--rate PER_S] [--bytes N] [--seconds S]\n");
    return refuse(flags.status());
  }
  allow_many_descriptors();
  return measure(run);
}
