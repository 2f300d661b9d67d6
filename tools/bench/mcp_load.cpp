// tools/call in a closed loop: K clients, each with one call under way.  Prints one line
// of JSON; ends with 1 when an answer was not the caller's own.
#include <sys/epoll.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "tools/bench/flags.h"
#include "tools/bench/latency.h"
#include "tools/bench/mcp_caller.h"
#include "tools/bench/process_usage.h"

namespace devs {
namespace {

constexpr int kStuckMs = 10'000;

struct Run {
  Endpoint endpoint;
  McpCaller::Tool tool;
  int connections = 0;
  Nanos warm_up = 0, measured = 0;
  std::uint64_t warm_calls = 0, measured_calls = 0;  // instead, when not 0
  std::vector<int> pids;
};

int refuse(const Status& why) {
  std::fprintf(stderr, "mcp_load: %s\n", why.message().c_str());
  return 2;
}

// The callers, whoever is heard next.
class Crowd {
 public:
  Crowd() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  Status gather(const Run& run);
  // For `time`, or for so many answers when that is not 0; they go into `latency` unless it
  // is null.
  Status talk(Nanos time, std::uint64_t answers, Latency* latency);
  // Calls of each since the last time this was asked: the fewest, beside the mean.
  double slowest_of_mean();
  std::uint64_t wrong() const { return wrong_; }
  std::uint64_t reconnects() const { return reconnects_; }

 private:
  void watch(McpCaller& caller);

  const int epoll_;
  std::vector<std::unique_ptr<McpCaller>> callers_;
  std::vector<std::uint64_t> counted_;
  std::uint64_t wrong_ = 0, reconnects_ = 0;
};

Status Crowd::gather(const Run& run) {
  for (int number = 0; number < run.connections; ++number) {
    auto caller = McpCaller::open(run.endpoint, run.tool, number);
    if (!caller.ok()) return caller.status();
    watch(**caller);
    callers_.push_back(std::move(caller).value());
  }
  for (auto& caller : callers_)
    if (Status called = caller->call(); !called.ok()) return called;
  return {};
}

void Crowd::watch(McpCaller& caller) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &caller;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, caller.fd(), &event);
}

double Crowd::slowest_of_mean() {
  counted_.resize(callers_.size());
  std::uint64_t all = 0, fewest = ~std::uint64_t{0};
  for (std::size_t at = 0; at < callers_.size(); ++at) {
    const std::uint64_t own = callers_[at]->calls() - counted_[at];
    counted_[at] += own;
    all += own;
    fewest = std::min(fewest, own);
  }
  return static_cast<double>(fewest * callers_.size()) /
         static_cast<double>(std::max<std::uint64_t>(all, 1));
}

Status Crowd::talk(Nanos span, std::uint64_t answers, Latency* latency) {
  epoll_event events[64];
  Nanos time = now();
  const Nanos end = time + span;
  std::uint64_t heard_so_far = 0;
  while (answers != 0 ? heard_so_far < answers : time < end) {
    const int count = epoll_wait(epoll_, events, 64, kStuckMs);
    if (count <= 0) return Status(Code::deadline_exceeded, "no answer for 10 s");
    for (int at = 0; at < count; ++at) {
      McpCaller& caller = *static_cast<McpCaller*>(events[at].data.ptr);
      bool reconnected = false;
      const McpCaller::Heard heard = caller.listen(reconnected);
      if (heard == McpCaller::Heard::nothing) continue;
      if (heard == McpCaller::Heard::gone) return Status(Code::unavailable, caller.complaint());
      time = now();
      ++heard_so_far;
      if (latency != nullptr) latency->add(time - caller.called_at());
      if (heard == McpCaller::Heard::wrong_answer && wrong_++ == 0)
        std::fprintf(stderr, "mcp_load: wrong answer: %s\n", caller.complaint().c_str());
      if (reconnected) {
        ++reconnects_;
        watch(caller);
      }
      if (Status called = caller.call(); !called.ok()) return called;
    }
  }
  return {};
}

int measure(const Run& run) {
  Crowd crowd;
  if (Status gathered = crowd.gather(run); !gathered.ok()) return refuse(gathered);
  if (Status warm = crowd.talk(run.warm_up, run.warm_calls, nullptr); !warm.ok())
    return refuse(warm);
  crowd.slowest_of_mean();

  const ProcessUsage before = usage_of(run.pids);
  const double own_before = own_cpu_seconds();
  const Nanos begin = now();
  Latency latency;
  if (Status done = crowd.talk(run.measured, run.measured_calls, &latency); !done.ok())
    return refuse(done);
  const double seconds = static_cast<double>(now() - begin) / 1e9;
  const ProcessUsage after = usage_of(run.pids);
  const double own = own_cpu_seconds() - own_before;

  const double calls = static_cast<double>(latency.count());
  const double cpu = after.cpu_seconds - before.cpu_seconds;
  std::printf(
      R"({"connections":%d,"seconds":%.2f,"calls":%.0f,"calls_per_s":%.1f,%s,%s,)"
      R"("server_cpu_us_per_call":%.1f,"slowest_of_mean":%.3f,"rss_before_kb":%ld,"reconnects":%llu,"wrong":%llu,"ok":%s})"
      "\n",
      run.connections, seconds, calls, calls / seconds, latency.members().c_str(),
      cost_members(before, after, own).c_str(), calls > 0 ? cpu * 1e6 / calls : 0.0,
      crowd.slowest_of_mean(), before.rss_kb, static_cast<unsigned long long>(crowd.reconnects()),
      static_cast<unsigned long long>(crowd.wrong()), crowd.wrong() == 0 ? "true" : "false");
  return crowd.wrong() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  using namespace devs;
  Flags flags(argc, argv,
              {"url", "connections", "seconds", "warm-up", "calls", "warm-calls", "tool",
               "argument", "arguments", "streamed", "era", "pids"});
  Run run;
  run.connections = flags.whole("connections", 16, 1);
  run.measured = static_cast<Nanos>(flags.number("seconds", 10, 0.1) * 1e9);
  run.warm_up = static_cast<Nanos>(flags.number("warm-up", 2, 0) * 1e9);
  run.tool = {flags.text("tool", "echo"), flags.text("argument", "text"),
              flags.text("era", "legacy") == "modern", flags.text("arguments"),
              flags.text("streamed") == "yes"};
  run.measured_calls = static_cast<std::uint64_t>(flags.whole("calls", 0));
  run.warm_calls = static_cast<std::uint64_t>(flags.whole("warm-calls", 0));
  run.pids = flags.pids("pids");
  const auto endpoint = read_url(flags.text("url"));
  if (!flags.status().ok() || !endpoint.ok()) {
    std::fprintf(
        stderr,
        "usage: mcp_load --url URL [--connections K] [--seconds S] [--warm-up S]\n"
        "         [--calls N] [--warm-calls N] [--tool NAME] [--argument NAME]\n"
        "         [--arguments JSON] [--streamed yes] [--era legacy|modern] [--pids P,P]\n");
    return refuse(flags.status().ok() ? endpoint.status() : flags.status());
  }
  run.endpoint = endpoint.value();
  allow_many_descriptors();
  return measure(run);
}
