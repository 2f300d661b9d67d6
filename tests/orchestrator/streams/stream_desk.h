#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/net/http_front.h"
#include "orchestrator/streams/hub_core.h"
#include "orchestrator/streams/stream_reader.h"
#include "protocol/sse_parser.h"
#include "tests/orchestrator/streams/captured_log.h"
#include "tests/orchestrator/streams/memory_log.h"
#include "tests/support/patience.h"

namespace devs {

inline const Epoch kEpoch = "5f3a9c01d2";

// The hub without sockets: turns by hand, a log that breaks on demand, readers
// whose bytes the test pulls.
struct StreamDesk {
  struct Options {
    std::size_t ring = 64;
    std::size_t queue = 256;  // of the workers
    std::size_t threads = 2;  // the same
    const Clock& clock = system_clock();
  };
  StreamDesk() : StreamDesk(Options()) {}
  explicit StreamDesk(Options options)
      : bus({.ring_entries = options.ring}, options.clock),
        reactor(options.clock, metrics),
        workers({.name = "w", .threads = options.threads, .queue_capacity = options.queue}),
        hub(std::make_shared<HubCore>(
            StreamHub::Options{}, bus, log,
            std::make_shared<Projector>(kEpoch, options.clock, lines, metrics), reactor, workers,
            metrics)) {
    hub->start();
  }
  ~StreamDesk() { workers.stop(); }

  // Publishes and stores, as a recorder would.
  Sequence publish(std::string body, std::string topics = {}) {
    auto stored = std::make_shared<Entry>();
    Draft draft = draft_of_published(std::move(body));
    draft.topics = std::move(topics);
    stored->body = draft.body;
    stored->topics = draft.topics;
    stored->sequence = bus.publish(std::move(draft)).value();
    const Sequence n = stored->sequence;
    log->append(std::move(stored));
    bus.mark_stored(n);
    return n;
  }
  void publish_numbered(std::size_t count) {
    for (; count > 0; --count)
      publish(R"({"type":"thought","n":)" + std::to_string(bus.last() + 1) + '}');
  }
  void turn(int times = 1) {
    for (; times > 0; --times) reactor.turn(std::chrono::milliseconds(0));
  }

  const std::shared_ptr<MemoryLog> log = std::make_shared<MemoryLog>();
  CapturedLog lines;
  Metrics metrics;
  TraceStreamBus bus;
  Reactor reactor;
  WorkerPool workers;
  const std::shared_ptr<HubCore> hub;
  HttpFront front{{}, {}, {}, reactor, workers, lines, metrics};
};

inline const StreamProfile& profile_of(std::string_view path) {
  for (const StreamProfile& profile : stream_profiles())
    if (profile.path == path) return profile;
  std::abort();
}

// One reader of a desk.
class DeskReader {
 public:
  using Query = std::vector<std::pair<std::string, std::string>>;
  struct Options {
    std::string_view path = "/trace/stream";
    bool chunked = false;
    std::string last_event_id = {};  // as header
    StreamOpener opener = {};
    const StreamProfile* profile = nullptr;  // instead of that of `path`
    PathParams params = {};
    Principal principal = {};
  };

  DeskReader(StreamDesk& desk, Query query) : DeskReader(desk, std::move(query), Options()) {}
  DeskReader(StreamDesk& desk, Query query, Options options) : desk_(desk) {
    RequestHead head;
    head.query_params = std::move(query);
    head.params = std::move(options.params);
    if (!options.last_event_id.empty())
      head.fields.emplace_back("last-event-id", options.last_event_id);
    Exchange exchange(desk.front, {}, std::move(head), {}, desk.reactor.now());
    exchange.set_principal(std::move(options.principal));
    desk.hub->open(exchange,
                   options.profile != nullptr ? *options.profile : profile_of(options.path),
                   options.opener);
    if (exchange.outcome() != Exchange::Outcome::streaming) {
      refusal = exchange.take_answer();
      return;
    }
    StreamStart start = exchange.take_stream();
    for (const auto& [name, value] : start.head.headers)
      if (name == "X-Stream-Id") id = value;
    stream_ = std::move(start.provider);
    stream_->attached({}, options.chunked);
  }

  SseProvider::Next pull(std::size_t max = 65'536) {
    slices.clear();
    const SseProvider::Next answer = stream_->pull(slices, max);
    for (const FrameSlice& slice : slices)
      if (!parser_.feed({slice.bytes->data() + slice.from, slice.size}).ok()) std::abort();
    ended = answer == SseProvider::Next::ended;
    return answer;
  }
  bool pull_until(std::size_t count) {
    return pull_while([this, count] { return events.size() < count; });
  }
  // Pulls and turns as long as it holds; false when it did not in `kPatience`.
  template <class Condition>
  bool pull_while(Condition condition) {
    const auto deadline = soon();
    while (condition()) {
      if (ended || std::chrono::steady_clock::now() > deadline) return false;
      if (pull() == SseProvider::Next::idle) desk_.reactor.turn(std::chrono::milliseconds(1));
    }
    return true;
  }
  // The sequences seen, gaps unfolded; each must follow the one before.
  bool is_whole(Sequence from) {
    for (const SseParser::Event& event : events) {
      const JsonView data(event.data);
      if (event.event == "gap") {
        if (data["from"].string() != encode_event_id(kEpoch, from)) return false;
        from += static_cast<Sequence>(data["count"].integer().value_or(0));
        if (event.id != encode_event_id(kEpoch, from - 1)) return false;
      } else {
        if (event.id != encode_event_id(kEpoch, from)) return false;
        if (data["n"].integer() != static_cast<std::int64_t>(from)) return false;
        ++from;
      }
    }
    next = from;
    return true;
  }
  void leave() { stream_->detached(SseProvider::Gone::peer); }
  // What the hub does with it at the next turn.
  template <class Then>
  void ask(Then then) {
    desk_.hub->ask(id, [&then](HubCore&, StreamReader* stream) { then(stream); });
    desk_.turn();
  }

  std::string id;  // as `X-Stream-Id` told
  std::vector<FrameSlice> slices;
  std::vector<SseParser::Event> events;
  Sequence next = 0;
  bool ended = false;
  HttpAnswer refusal{.status = 0};

 private:
  StreamDesk& desk_;
  std::unique_ptr<SseProvider> stream_;
  SseParser parser_{[this](const SseParser::Event& event) { events.push_back(event); }};
};

inline std::pair<std::string, std::string> after(Sequence n) {
  return {"lastEventId", encode_event_id(kEpoch, n)};
}

}  // namespace devs
