// Any stream of ours: how soon its first frame is there, how soon an event is at each
// reader and at the last of them, how even its heartbeats are.  In every other window of
// time somebody disturbs: readers that stall, or bad tokens; what the others feel of it is
// the ratio.  Prints one line of JSON; ends with 1 when a reader missed an event.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <initializer_list>
#include <map>
#include <thread>
#include <utility>

#include "tools/bench/bad_tokens.h"
#include "tools/bench/endpoint.h"
#include "tools/bench/flags.h"
#include "tools/bench/marked_text.h"
#include "tools/bench/process_usage.h"
#include "tools/bench/watchers.h"

namespace devs {
namespace {

constexpr Nanos kDrain = 10 * kSecond;  // for the last deliveries
constexpr int kPatienceMs = 10'000;

struct Run {
  Endpoint stream, publish;
  std::string method, body, content_type, stalled_path;
  Watchers::Options watchers;
  std::size_t readers = 0, stalled = 0;
  double rate = 0, bad_rate = 0, seconds = 0;
  Nanos window = 0;
  bool by_stamp = false;  // latency counts from the event's own stamp, not from its mark
  std::vector<int> pids;
};

// Sends the body, marked, at its rate; each after the answer to the one before.
class Speaker {
 public:
  Speaker(const Run& run, Nanos begin) : run_(run), begin_(begin) {}
  Nanos due(std::size_t number) const {
    return begin_ + static_cast<Nanos>(static_cast<double>(number) * 1e9 / run_.rate);
  }
  void run(std::size_t count) {
    for (std::size_t number = 0; number < count; ++number) {
      wait_until(due(number));
      if (!say(marked(run_.body, due(number)))) ++refused_;
    }
    if (fd_ >= 0) close(fd_);
  }
  std::size_t refused() const { return refused_; }

 private:
  bool say(const std::string& body) {
    if (fd_ < 0) {
      auto fd = connect_to(run_.publish);
      if (!fd.ok()) return false;
      fd_ = *fd;
      answers_.reset();
    }
    std::string text = run_.method + " " + run_.publish.path +
                       " HTTP/1.1\r\nHost: " + run_.publish.authority() +
                       "\r\nContent-Type: " + run_.content_type +
                       "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    if (!run_.watchers.token.empty())
      text += "Authorization: Bearer " + run_.watchers.token + "\r\n";
    HttpAnswers::Answer answer;
    bool open = send_all(fd_, text + "\r\n" + body);
    while (open && !answers_.take(answer)) {
      char bytes[8 * 1024];
      pollfd readable{fd_, POLLIN, 0};
      const ssize_t got =
          poll(&readable, 1, kPatienceMs) == 1 ? recv(fd_, bytes, sizeof bytes, 0) : 0;
      open = got > 0 && !answers_.broken();
      if (open) answers_.feed({bytes, static_cast<std::size_t>(got)});
    }
    if (!open || answer.closes) close(std::exchange(fd_, -1));
    return answer.status >= 200 && answer.status < 300;
  }

  const Run& run_;
  const Nanos begin_;
  int fd_ = -1;
  HttpAnswers answers_;
  std::size_t refused_ = 0;
};

// How often an event was seen, and when last.
struct Event {
  std::size_t seen = 0;
  Nanos last = 0, last_after_stamp = 0;
};

class Measurement {
 public:
  Measurement(const Run& run, Nanos begin) : run_(run), begin_(begin) {}

  bool disturbed(Nanos at) const { return (at - begin_) / run_.window % 2 == 1; }

  void see(const Watchers::Sight& sight) {
    Event& event = events_[sight.due];
    ++event.seen;
    event.last = sight.received;
    if (sight.stamped != 0) event.last_after_stamp = sight.received - sight.stamped;
    ++deliveries_;
    // What changes at the begin of a window is not over at once.
    const bool somebody = run_.stalled > 0 || run_.bad_rate > 0;
    if (somebody && (sight.due - begin_) % run_.window < run_.window / 4) return;
    (somebody && disturbed(sight.due) ? beside_ : alone_)
        .add(sight.received - (run_.by_stamp ? sight.stamped : sight.due));
  }

  int report(const Watchers& watchers, const Speaker& speaker, const BadTokens& bad,
             std::size_t count, double stalled_share, const ProcessUsage& before,
             const ProcessUsage& after, double own_cpu) const {
    Latency last, last_stamped;
    for (const auto& [due, event] : events_) {
      last.add(event.last - due);
      if (event.last_after_stamp != 0) last_stamped.add(event.last_after_stamp);
    }
    const std::size_t missing = run_.readers * count - deliveries_;
    const bool ok =
        missing == 0 && speaker.refused() == 0 && watchers.lost() == 0 && bad.wrong() == 0;
    std::printf(
        R"({"readers":%zu,"deliveries":%zu,"missing":%zu,"refused":%zu,"lost_connections":%zu,)"
        R"("bad_refused":%zu,"wrong":%zu,"stalled_share":%.3f,"ratio":%.3f,)"
        R"("beats":%llu,"growth_kb":%ld,)",
        run_.readers, deliveries_, missing, speaker.refused(), watchers.lost(), bad.refused(),
        bad.wrong(), stalled_share,
        alone_.count() == 0 ? 0.0
                            : static_cast<double>(beside_.percentile(0.99)) /
                                  static_cast<double>(alone_.percentile(0.99)),
        static_cast<unsigned long long>(watchers.beats()), after.rss_kb - before.rss_kb);
    for (const auto& [name, latency] :
         std::initializer_list<std::pair<const char*, const Latency&>>{
             {"", alone_},
             {"beside_", beside_},
             {"last_", last},
             {"last_stamped_", last_stamped},
             {"connect_", watchers.connecting()},
             {"jitter_", watchers.jitter()}})
      std::printf("%s,", latency.members(name).c_str());
    std::printf("%s,\"ok\":%s}\n", cost_members(before, after, own_cpu).c_str(),
                ok ? "true" : "false");
    return ok ? 0 : 1;
  }

 private:
  const Run& run_;
  const Nanos begin_;
  std::map<Nanos, Event> events_;
  std::size_t deliveries_ = 0;
  Latency alone_, beside_;
};

int refuse(const Status& why) {
  std::fprintf(stderr, "profile_load: %s\n", why.message().c_str());
  return 2;
}

int measure(const Run& run) {
  Watchers watchers(run.stream, run.watchers);
  if (Status connected = watchers.connect(run.readers); !connected.ok()) return refuse(connected);
  const auto count = static_cast<std::size_t>(run.rate * run.seconds);
  const Nanos begin = now() + kSecond / 5;
  const Nanos end = begin + static_cast<Nanos>(run.seconds * 1e9);
  Measurement measurement(run, begin);
  Speaker speaker(run, begin);
  BadTokens bad(run.publish, run.bad_rate);
  const ProcessUsage before = usage_of(run.pids);
  const double own_before = own_cpu_seconds();
  std::atomic<bool> said{false};
  std::jthread speaking([&] {
    speaker.run(count);
    said = true;
  });
  std::jthread disturbing([&] {
    for (Nanos at = begin + run.window; run.bad_rate > 0 && at < end; at += 2 * run.window) {
      wait_until(at);
      bad.run(std::min(at + run.window, end));
    }
  });
  std::size_t seen = 0;
  double stalled_share = 0;
  bool stalling = false;
  while (now() < end || ((!said || seen < run.readers * count) && now() < end + kDrain)) {
    const bool stall =
        run.stalled > 0 && now() > begin && now() < end && measurement.disturbed(now());
    if (stall && !stalling)
      if (Status connected = watchers.connect_stalled(run.stalled, run.stalled_path);
          !connected.ok())
        return refuse(connected);
    if (!stall && stalling) stalled_share = std::max(stalled_share, watchers.drop_stalled());
    stalling = stall;
    watchers.turn(kSecond / 200, [&](const Watchers::Sight& sight) {
      measurement.see(sight);
      ++seen;
    });
  }
  if (stalling) stalled_share = std::max(stalled_share, watchers.drop_stalled());
  speaking.join();
  disturbing.join();
  return measurement.report(watchers, speaker, bad, count, stalled_share, before,
                            usage_of(run.pids), own_cpu_seconds() - own_before);
}

Run read_run(Flags& flags) {
  Run run;
  run.method = flags.text("method", "POST");
  run.body = flags.text("body");
  run.content_type = flags.text("content-type", "application/json");
  run.watchers = {.token = flags.text("token"),
                  .heartbeat = flags.text("heartbeat"),
                  .period = static_cast<Nanos>(flags.number("period", 15, 0) * 1e9),
                  .websocket = flags.text("websocket") == "yes"};
  run.readers = static_cast<std::size_t>(flags.whole("readers", 100, 1));
  run.stalled = static_cast<std::size_t>(flags.whole("stalled", 0));
  run.rate = flags.number("rate", 10, 0);
  run.bad_rate = flags.number("bad-rate", 0, 0);
  run.seconds = flags.number("seconds", 10, 1);
  run.window = static_cast<Nanos>(flags.number("window", 2, 0.1) * 1e9);
  run.by_stamp = flags.text("by-stamp") == "yes";
  run.pids = flags.pids("pids");
  return run;
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  using namespace devs;
  Flags flags(argc, argv,
              {"stream", "publish", "method", "body", "content-type", "token", "heartbeat",
               "period", "readers", "stalled", "stalled-path", "rate", "bad-rate", "seconds",
               "window", "by-stamp", "websocket", "pids"});
  Run run = read_run(flags);
  const auto stream = read_url(flags.text("stream"));
  const auto publish = read_url(flags.text("publish"));
  if (!flags.status().ok() || !stream.ok() || !publish.ok()) {
    std::fprintf(stderr,
                 "usage: profile_load --stream URL --publish URL --body TEXT_WITH_{mark}\n"
                 "         [--method M] [--content-type T] [--token T] [--heartbeat TEXT]\n"
                 "         [--period S] [--readers N] [--stalled N] [--stalled-path P]\n"
                 "         [--rate PER_S]\n"
                 "         [--bad-rate PER_S] [--seconds S] [--window S] [--by-stamp yes]\n"
                 "         [--websocket yes] [--pids P,P]\n");
    return refuse(!flags.status().ok() ? flags.status()
                  : !stream.ok()       ? stream.status()
                                       : publish.status());
  }
  run.stream = *stream;
  run.stalled_path = flags.text("stalled-path", stream->path);
  run.publish = *publish;
  allow_many_descriptors();
  return measure(run);
}
