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

constexpr Nanos kLead = kSecond / 5;    // between the plan and its first payload
constexpr Nanos kDrain = 15 * kSecond;  // for the last deliveries
constexpr Nanos kAwake = 30 * kSecond;  // for readers that had stopped

struct Run {
  Endpoint stream, publish;
  Audience::Options audience;
  PayloadBook::Plan plan;
  std::size_t lanes = 0, warm_up = 0;  // payloads that are not measured
  double rate = 0;
  std::vector<int> pids;
};

// What the servers used at the moments that matter.
struct Usage {
  ProcessUsage empty, connected, begin, end;
  double own_cpu = 0, seconds = 0, wake_seconds = 0;
};

int refuse(const Status& why) {
  std::fprintf(stderr, "sse_load: %s\n", why.message().c_str());
  return 2;
}

// Deliveries per second of a burst, from when it was due to its last delivery: the median.
double burst_rate(const PayloadBook& book, const Run& run, const Audience& audience) {
  const std::size_t readers = (run.audience.readers - run.audience.stopped) / run.audience.topics;
  std::vector<double> rates;
  for (std::size_t first = run.warm_up; first < book.size(); first += book.burst()) {
    const Nanos took = audience.outcome().burst_end[first / book.burst()] - book.due(first);
    const std::size_t events = std::min(book.burst(), book.size() - first);
    if (took > 0)
      rates.push_back(static_cast<double>(events * readers) * 1e9 / static_cast<double>(took));
  }
  if (rates.empty()) return 0;
  const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
  std::nth_element(rates.begin(), middle, rates.end());
  return *middle;
}

int report(const Run& run, const PayloadBook& book, const Audience& audience,
           const Publisher& publisher, const Usage& usage) {
  const Audience::Outcome& heard = audience.outcome();
  const Publisher::Outcome& said = publisher.outcome();
  const std::uint64_t wrong = heard.damaged + heard.disordered + heard.repeated + heard.lost +
                              audience.missing() + said.refused + (said.sent - said.accepted);
  const auto readers = static_cast<double>(run.audience.readers);
  const double measured = static_cast<double>(heard.latency.count());
  const double server_cpu = usage.end.cpu_seconds - usage.begin.cpu_seconds;
  const auto events = static_cast<double>(book.size() - run.warm_up);
  std::printf(
      R"({"readers":%zu,"topics":%zu,"stopped":%zu,"rate":%.0f,"bytes":%zu,)"
      R"("events":%.0f,"seconds":%.2f,)"
      R"("deliveries":%llu,"missing":%llu,"damaged":%llu,"disordered":%llu,)"
      R"("repeated":%llu,"lost_connections":%zu,"resumed":%zu,"refused":%zu,)"
      R"("foreign":%llu,"reads":%llu,)",
      run.audience.readers, run.audience.topics, run.audience.stopped, run.rate, book.bytes(),
      events, usage.seconds, static_cast<unsigned long long>(heard.deliveries),
      static_cast<unsigned long long>(audience.missing()),
      static_cast<unsigned long long>(heard.damaged),
      static_cast<unsigned long long>(heard.disordered),
      static_cast<unsigned long long>(heard.repeated), heard.lost, heard.resumed, said.refused,
      static_cast<unsigned long long>(heard.foreign), static_cast<unsigned long long>(heard.reads));
  std::printf(R"("connects_per_s":%.0f,"rss_kb_per_reader":%.2f,"rss_growth_kb":%ld,)"
              R"("wake_s":%.2f,)",
              readers * 1e9 / static_cast<double>(heard.connecting),
              static_cast<double>(usage.connected.rss_kb - usage.empty.rss_kb) / readers,
              usage.end.rss_kb - usage.begin.rss_kb, usage.wake_seconds);
  std::printf(R"(%s,%s,"deliveries_per_cpu_s":%.0f,"server_cpu_us_per_event":%.2f,)"
              R"("burst_deliveries_per_s":%.0f,"publish_late_p99_us":%.1f,"ok":%s})"
              "\n",
              heard.latency.members().c_str(),
              cost_members(usage.begin, usage.end, usage.own_cpu).c_str(),
              server_cpu > 0 ? measured / server_cpu : 0.0, server_cpu * 1e6 / events,
              burst_rate(book, run, audience),
              static_cast<double>(said.late.percentile(0.99)) / 1e3, wrong == 0 ? "true" : "false");
  return wrong == 0 ? 0 : 1;
}

int measure(Run run) {
  Usage usage;
  usage.empty = usage_of(run.pids);
  auto opened = Audience::open(run.stream, run.audience);
  if (!opened.ok()) return refuse(opened.status());
  Audience& audience = **opened;
  usage.connected = usage_of(run.pids);
  auto publisher = Publisher::open(run.publish, run.lanes);
  if (!publisher.ok()) return refuse(publisher.status());

  run.plan.begin = now() + kLead;
  const PayloadBook book(run.plan);
  audience.expect(book, run.lanes, run.warm_up);
  const Nanos begin = book.due(run.warm_up);
  const Nanos until = book.due(book.size() - 1) + kDrain;

  Status published;
  std::jthread thread(
      [&](const std::stop_token& stop) { published = (*publisher)->run(book, stop); });
  // The audience is woken all the time: the window is cut within a turn of its time.
  while (now() < begin) audience.turn(kSecond / 1000);
  usage.begin = usage_of(run.pids);
  const double own_before = own_cpu_seconds();
  while (!audience.done() && now() < until) audience.turn(kSecond / 100);
  usage.seconds = static_cast<double>(now() - begin) / 1e9;
  usage.end = usage_of(run.pids);
  usage.own_cpu = own_cpu_seconds() - own_before;
  if (now() >= until) thread.request_stop();
  thread.join();
  if (!published.ok()) std::fprintf(stderr, "sse_load: %s\n", published.message().c_str());

  if (run.audience.stopped > 0) {
    const Nanos woken = now();
    audience.wake();
    while (!audience.done() && now() < woken + kAwake) audience.turn(kSecond / 100);
    usage.wake_seconds = static_cast<double>(now() - woken) / 1e9;
  }
  const int wrong = report(run, book, audience, **publisher, usage);
  return published.ok() ? wrong : 1;
}

Run read_run(Flags& flags) {
  Run run;
  const auto whole = [&flags](const char* name, int otherwise, int least) {
    return static_cast<std::size_t>(flags.whole(name, otherwise, least));
  };
  run.audience = {.readers = whole("readers", 1000, 1),
                  .topics = whole("topics", 1, 1),
                  .stopped = whole("stopped", 0, 0),
                  .websocket = flags.whole("websocket", 0, 0) != 0};
  run.rate = flags.number("rate", 100, 1);
  run.lanes = whole("lanes", 4, 1);
  run.plan.bytes = whole("bytes", 200, static_cast<int>(PayloadBook::kLeastBytes));
  run.plan.per_second = run.rate;
  run.plan.topics = run.audience.topics;
  run.plan.batch = whole("batch", 1, 1);
  run.plan.burst = std::max(run.plan.batch, whole("burst", 1, 1));
  run.plan.burst -= run.plan.burst % run.plan.batch;
  const auto bursts = [&run](double seconds) {
    return static_cast<std::size_t>(
               std::ceil(seconds * run.rate / static_cast<double>(run.plan.burst))) *
           run.plan.burst;
  };
  run.warm_up = bursts(flags.number("warm-up", 2, 0));
  run.plan.count = run.warm_up + std::max(run.plan.burst, bursts(flags.number("seconds", 10, 0)));
  run.pids = flags.pids("pids");
  return run;
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  using namespace devs;
  Flags flags(argc, argv,
              {"stream", "publish", "readers", "topics", "stopped", "rate", "burst", "batch",
               "bytes", "seconds", "warm-up", "lanes", "websocket", "pids"});
  Run run = read_run(flags);
  const auto stream = read_url(flags.text("stream"));
  const auto publish = read_url(flags.text("publish"));
  if (!flags.status().ok() || !stream.ok() || !publish.ok()) {
    std::fprintf(stderr,
                 "usage: sse_load --stream URL --publish URL [--readers N] [--rate PER_S]\n"
                 "         [--topics N] [--stopped N] [--burst N] [--batch N] [--bytes N]\n"
                 "         [--seconds S] [--warm-up S] [--lanes N] [--websocket 1] [--pids P,P]\n");
    return refuse(!flags.status().ok() ? flags.status()
                  : !stream.ok()       ? stream.status()
                                       : publish.status());
  }
  run.stream = stream.value();
  run.publish = publish.value();
  allow_many_descriptors();
  return measure(std::move(run));
}
