// Fan-out of one SSE server: readers and an open-loop publisher in one process.  Prints
// one line of JSON; ends with 1 when anything was lost, doubled, disordered or damaged.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <thread>

#include "tools/bench/audience.h"
#include "tools/bench/endpoint.h"
#include "tools/bench/flags.h"
#include "tools/bench/process_usage.h"
#include "tools/bench/publisher.h"

namespace devs {
namespace {

constexpr Nanos kLead = kSecond / 5;     // between the plan and its first payload
constexpr Nanos kDrain = 15 * kSecond;   // for the last deliveries

struct Run {
  Endpoint stream, publish;
  std::size_t readers = 0, lanes = 0, bytes = 0, warm_up = 0, measured = 0;
  double rate = 0;
  std::vector<int> pids;
};

int refuse(const Status& why) {
  std::fprintf(stderr, "sse_load: %s\n", why.message().c_str());
  return 2;
}

int report(const Run& run, const Audience& audience, const Publisher& publisher, double seconds,
           const std::string& cost, double server_cpu) {
  const Audience::Outcome& heard = audience.outcome();
  const Publisher::Outcome& said = publisher.outcome();
  const std::uint64_t wrong = heard.damaged + heard.disordered + heard.repeated + heard.lost +
                              audience.missing() + said.refused + (said.sent - said.accepted);
  std::printf(R"({"readers":%zu,"rate":%.0f,"bytes":%zu,"events":%zu,"seconds":%.2f,)"
              R"("deliveries":%llu,"missing":%llu,"damaged":%llu,"disordered":%llu,)"
              R"("repeated":%llu,"lost_connections":%zu,"refused":%zu,"foreign":%llu,"reads":%llu,)",
              run.readers, run.rate, run.bytes, run.measured, seconds,
              static_cast<unsigned long long>(heard.deliveries),
              static_cast<unsigned long long>(audience.missing()),
              static_cast<unsigned long long>(heard.damaged),
              static_cast<unsigned long long>(heard.disordered),
              static_cast<unsigned long long>(heard.repeated), heard.lost, said.refused,
              static_cast<unsigned long long>(heard.foreign),
              static_cast<unsigned long long>(heard.reads));
  const double measured = static_cast<double>(heard.latency.count());
  std::printf(R"(%s,%s,"deliveries_per_cpu_s":%.0f,"publish_late_p99_us":%.1f,"ok":%s})"
              "\n",
              heard.latency.members().c_str(), cost.c_str(),
              server_cpu > 0 ? measured / server_cpu : 0.0,
              static_cast<double>(said.late.percentile(0.99)) / 1e3,
              wrong == 0 ? "true" : "false");
  return wrong == 0 ? 0 : 1;
}

int measure(const Run& run) {
  auto audience = Audience::open(run.stream, run.readers);
  if (!audience.ok()) return refuse(audience.status());
  auto publisher = Publisher::open(run.publish, run.lanes);
  if (!publisher.ok()) return refuse(publisher.status());

  const PayloadBook book({.count = run.warm_up + run.measured,
                          .bytes = run.bytes,
                          .per_second = run.rate,
                          .begin = now() + kLead});
  (*audience)->expect(book, run.lanes, run.warm_up);
  const Nanos begin = book.due(run.warm_up);
  const Nanos until = book.due(book.size() - 1) + kDrain;

  Status published;
  std::jthread thread([&](const std::stop_token& stop) {
    published = (*publisher)->run(book, stop);
  });
  // The audience is woken all the time: the window is cut within a turn of its time.
  while (now() < begin) (*audience)->turn(kSecond / 1000);
  const ProcessUsage before = usage_of(run.pids);
  const double own_before = own_cpu_seconds();
  while (!(*audience)->done() && now() < until) (*audience)->turn(kSecond / 100);
  const Nanos end = now();
  const ProcessUsage after = usage_of(run.pids);
  const double own = own_cpu_seconds() - own_before;
  if (now() >= until) thread.request_stop();
  thread.join();
  if (!published.ok()) std::fprintf(stderr, "sse_load: %s\n", published.message().c_str());

  const int wrong = report(run, **audience, **publisher, static_cast<double>(end - begin) / 1e9,
                           cost_members(before, after, own),
                           after.cpu_seconds - before.cpu_seconds);
  return published.ok() ? wrong : 1;
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  using namespace devs;
  Flags flags(argc, argv,
              {"stream", "publish", "readers", "rate", "bytes", "seconds", "warm-up", "lanes",
               "pids"});
  Run run;
  run.readers = static_cast<std::size_t>(flags.whole("readers", 1000, 1));
  run.rate = flags.number("rate", 100, 1);
  run.bytes = static_cast<std::size_t>(
      flags.whole("bytes", 200, static_cast<int>(PayloadBook::kLeastBytes)));
  run.lanes = static_cast<std::size_t>(flags.whole("lanes", 4, 1));
  run.warm_up =
      static_cast<std::size_t>(std::ceil(flags.number("warm-up", 2, 0) * run.rate));
  run.measured = static_cast<std::size_t>(
      std::max(1.0, std::ceil(flags.number("seconds", 10, 0) * run.rate)));
  run.pids = flags.pids("pids");
  const auto stream = read_url(flags.text("stream"));
  const auto publish = read_url(flags.text("publish"));
  if (!flags.status().ok() || !stream.ok() || !publish.ok()) {
    std::fprintf(stderr,
                 "usage: sse_load --stream URL --publish URL [--readers N] [--rate PER_S]\n"
                 "         [--bytes N] [--seconds S] [--warm-up S] [--lanes N] [--pids P,P]\n");
    return refuse(!flags.status().ok() ? flags.status()
                  : !stream.ok()       ? stream.status()
                                       : publish.status());
  }
  run.stream = stream.value();
  run.publish = publish.value();
  raise_descriptor_limit();
  return measure(run);
}
