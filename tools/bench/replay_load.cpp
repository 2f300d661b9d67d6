// Replay of a log by an SSE server: readers that want everything from the beginning, as
// fast as it comes.  Prints one line of JSON; ends with 1 when anything was lost, doubled,
// disordered or damaged.
#include <cstdio>

#include "tools/bench/audience.h"
#include "tools/bench/endpoint.h"
#include "tools/bench/flags.h"
#include "tools/bench/process_usage.h"

namespace devs {
namespace {

constexpr Nanos kReplayWithin = 120 * kSecond;

struct Run {
  Endpoint stream;
  std::size_t readers = 0, events = 0, bytes = 0;
  std::vector<int> pids;
};

int refuse(const Status& why) {
  std::fprintf(stderr, "replay_load: %s\n", why.message().c_str());
  return 2;
}

int measure(const Run& run) {
  const PayloadBook book(PayloadBook::of_past(run.events, run.bytes));
  const ProcessUsage before = usage_of(run.pids);
  const double own_before = own_cpu_seconds();
  const Nanos begin = now();
  auto opened = Audience::open(run.stream, {.readers = run.readers, .replayed = &book});
  if (!opened.ok()) return refuse(opened.status());
  Audience& audience = **opened;
  while (!audience.done() && now() < begin + kReplayWithin) audience.turn(kSecond / 100);

  const Audience::Outcome& heard = audience.outcome();
  const ProcessUsage after = usage_of(run.pids);
  const double own = own_cpu_seconds() - own_before;
  const double seconds = static_cast<double>(heard.last_delivery - begin) / 1e9;
  const double megabytes = static_cast<double>(heard.deliveries * run.bytes) / 1e6;
  const std::uint64_t wrong =
      heard.damaged + heard.disordered + heard.repeated + heard.lost + audience.missing();
  std::printf(R"({"readers":%zu,"events":%zu,"bytes":%zu,"seconds":%.2f,"deliveries":%llu,)"
              R"("mb_per_s":%.0f,"deliveries_per_s":%.0f,"missing":%llu,"damaged":%llu,)"
              R"("disordered":%llu,"repeated":%llu,"lost_connections":%zu,%s,"wrong":%llu,"ok":%s})"
              "\n",
              run.readers, run.events, run.bytes, seconds,
              static_cast<unsigned long long>(heard.deliveries), megabytes / seconds,
              static_cast<double>(heard.deliveries) / seconds,
              static_cast<unsigned long long>(audience.missing()),
              static_cast<unsigned long long>(heard.damaged),
              static_cast<unsigned long long>(heard.disordered),
              static_cast<unsigned long long>(heard.repeated), heard.lost,
              cost_members(before, after, own).c_str(), static_cast<unsigned long long>(wrong),
              wrong == 0 ? "true" : "false");
  return wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  using namespace devs;
  Flags flags(argc, argv, {"stream", "readers", "events", "bytes", "pids"});
  Run run;
  run.readers = static_cast<std::size_t>(flags.whole("readers", 1, 1));
  run.events = static_cast<std::size_t>(flags.whole("events", 1'000'000, 1));
  run.bytes = static_cast<std::size_t>(
      flags.whole("bytes", 200, static_cast<int>(PayloadBook::kLeastBytes)));
  run.pids = flags.pids("pids");
  const auto stream = read_url(flags.text("stream"));
  if (!flags.status().ok() || !stream.ok()) {
    std::fprintf(stderr,
                 "usage: replay_load --stream URL [--readers N] [--events N]\n"
                 "         [--bytes N] [--pids P,P]\n");
    return refuse(flags.status().ok() ? stream.status() : flags.status());
  }
  run.stream = stream.value();
  allow_many_descriptors();
  return measure(run);
}
