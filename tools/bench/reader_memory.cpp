// What a quiet SSE reader costs the server in bytes of heap: every operator new of the
// process is counted, and the client's side of a connection is a descriptor and nothing
// else.  Prints one line of JSON.
#include <malloc.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "orchestrator/orchestrator_server.h"
#include "tools/bench/endpoint.h"
#include "tools/bench/flags.h"
#include "tools/bench/nanoseconds.h"
#include "trace/entry.h"
#include "trace/log.h"

namespace {

std::atomic<long> live_bytes{0};

void* counted(std::size_t size, std::size_t alignment) {
  void* const memory =
      alignment <= alignof(std::max_align_t)
          ? std::malloc(size)
          : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) std::abort();
  live_bytes += static_cast<long>(malloc_usable_size(memory));
  return memory;
}

void discounted(void* memory) {
  if (memory != nullptr) live_bytes -= static_cast<long>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size, 1);
}
void* operator new[](std::size_t size) {
  return counted(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  discounted(memory);
}
void operator delete[](void* memory) noexcept {
  discounted(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  discounted(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  discounted(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  discounted(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  discounted(memory);
}

namespace devs {
namespace {

constexpr int kPatienceMs = 10'000;
constexpr Nanos kSettle = kSecond / 2;

int refuse(const Status& why) {
  std::fprintf(stderr, "reader_memory: %s\n", why.message().c_str());
  return 2;
}

// Reads until `wanted` was seen.
bool hears(int fd, std::string_view wanted) {
  char bytes[4096];
  std::size_t have = 0;
  while (have < sizeof bytes) {
    pollfd readable{fd, POLLIN, 0};
    if (poll(&readable, 1, kPatienceMs) != 1) return false;
    const ssize_t got = recv(fd, bytes + have, sizeof bytes - have, 0);
    if (got <= 0) return false;
    have += static_cast<std::size_t>(got);
    if (std::string_view(bytes, have).find(wanted) != std::string_view::npos) return true;
  }
  return false;
}

class Crowd {
 public:
  explicit Crowd(Endpoint endpoint, std::size_t most) : endpoint_(std::move(endpoint)) {
    fds_.reserve(most);
    request_ = "GET " + endpoint_.path + " HTTP/1.1\r\nHost: " + endpoint_.authority() +
               "\r\nAccept: text/event-stream\r\n\r\n";
  }
  ~Crowd() {
    for (int fd : fds_) close(fd);
  }
  bool grow(std::size_t to) {
    while (fds_.size() < to) {
      const Result<int> fd = connect_to(endpoint_, {.from = loopback_of(fds_.size())});
      if (!fd.ok() || !send_all(*fd, request_) || !hears(*fd, "retry:")) return false;
      fds_.push_back(*fd);
    }
    wait_until(now() + kSettle);
    return true;
  }
  bool all_hear(std::string_view text) const {
    for (int fd : fds_)
      if (!hears(fd, text)) return false;
    return true;
  }

 private:
  const Endpoint endpoint_;
  std::string request_;
  std::vector<int> fds_;
};

struct Plan {
  std::size_t first = 0;  // connected before counting begins: tables have grown once
  std::size_t readers = 0;
  std::string route;
  bool tell = false;  // an event of the trace stream, before they are counted again
};

int measure(const Plan& plan, const std::filesystem::path& dir) {
  OrchestratorServer::Options options;
  options.trace_dir = dir;
  options.log = &stderr_log(Log::Level::warn);
  auto server = OrchestratorServer::open(std::move(options));
  if (!server.ok()) return refuse(server.status());
  if (Status up = (*server)->start(); !up.ok()) return refuse(up);
  Crowd crowd({"127.0.0.1", (*server)->port(), plan.route}, plan.first + plan.readers);
  if (!crowd.grow(plan.first)) return refuse(Status(Code::unavailable, "the first readers"));
  const long before = live_bytes;
  if (!crowd.grow(plan.first + plan.readers)) return refuse(Status(Code::unavailable, "a reader"));
  const long idle = live_bytes - before;
  bool heard = true;
  if (plan.tell) {
    const auto given = (*server)->bus().publish(draft_of_published(
        R"({"type":"thought","agent_id":"bench","turn_index":1,"timestamp_ns":"1","payload":{}})"));
    heard = given.ok() && crowd.all_hear("\"agent_id\":\"bench\"");
  }
  wait_until(now() + kSettle);
  const long fed = live_bytes - before;
  const auto each = [&plan](long bytes) {
    return static_cast<double>(bytes) / static_cast<double>(plan.readers);
  };
  std::printf(
      R"({"readers":%zu,"bytes_per_reader":%.0f,"bytes_per_reader_after_event":%.0f,"ok":%s})"
      "\n",
      plan.readers, each(idle), each(fed), heard ? "true" : "false");
  return heard ? 0 : 1;
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  using namespace devs;
  Flags flags(argc, argv, {"first", "readers", "route", "dir"});
  const Plan plan{.first = static_cast<std::size_t>(flags.whole("first", 100, 1)),
                  .readers = static_cast<std::size_t>(flags.whole("readers", 5000, 1)),
                  .route = flags.text("route", "/trace/stream"),
                  .tell = flags.text("route").empty()};
  const std::string dir = flags.text("dir");
  if (!flags.status().ok() || dir.empty()) {
    std::fprintf(stderr,
                 "usage: reader_memory --dir NEW_DIR [--first N] [--readers N] [--route PATH]\n");
    return refuse(flags.status().ok() ? Status(Code::invalid_argument, "--dir is needed")
                                      : flags.status());
  }
  allow_many_descriptors();
  return measure(plan, dir);
}
