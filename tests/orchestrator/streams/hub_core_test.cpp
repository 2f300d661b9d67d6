#include "orchestrator/streams/hub_core.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <random>
#include <thread>

#include "orchestrator/net/http_front.h"
#include "orchestrator/streams/sse_stream.h"
#include "protocol/sse_parser.h"
#include "tests/orchestrator/streams/captured_log.h"
#include "tests/orchestrator/streams/memory_log.h"
#include "tests/support/gate.h"

using namespace devs;

namespace {

const Epoch kEpoch = "5f3a9c01d2";

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kRounds = 1'000;  // each is ten times as slow, and watched
#else
constexpr int kRounds = 10'000;
#endif

// The hub without sockets: turns by hand, a log that breaks on demand, readers
// whose bytes the test pulls.
struct Desk {
  explicit Desk(std::size_t ring = 64, std::size_t queue = 256)
      : bus({.ring_entries = ring}, system_clock()),
        workers({.name = "w", .threads = 2, .queue_capacity = queue}) {
    hub->start();
  }
  ~Desk() { workers.stop(); }

  // Publishes and stores, as a recorder would.
  void publish(std::string body) {
    const Sequence n = bus.publish(draft_of_published(std::move(body))).value();
    store(n);
  }
  void store(Sequence through) {
    std::vector<EntryPtr> entries;
    bus.wait_unstored(through - 1, std::chrono::steady_clock::now(), 4096, entries);
    for (EntryPtr& entry : entries) log->append(std::move(entry));
    bus.mark_stored(log->size());
  }
  void publish_numbered(std::size_t count) {
    for (; count > 0; --count)
      publish(R"({"type":"thought","n":)" + std::to_string(bus.last() + 1) + '}');
  }
  void turn(int times = 1) {
    for (; times > 0; --times) reactor.turn(std::chrono::milliseconds(0));
  }

  std::shared_ptr<MemoryLog> log = std::make_shared<MemoryLog>();
  CapturedLog lines;
  Metrics metrics;
  TraceStreamBus bus;
  Reactor reactor{system_clock(), metrics};
  WorkerPool workers;
  std::shared_ptr<HubCore> hub = std::make_shared<HubCore>(
      StreamHub::Options{}, bus, log,
      std::make_shared<Projector>(kEpoch, system_clock(), lines, metrics), reactor, workers, metrics);
  HttpFront front{{}, {}, {}, reactor, workers, lines, metrics};
};

class Reader {
 public:
  Reader(Desk& desk, std::vector<std::pair<std::string, std::string>> query, bool chunked = false)
      : desk_(desk) {
    RequestHead head;
    head.query_params = std::move(query);
    Exchange exchange(desk.front, {}, std::move(head), {}, desk.reactor.now());
    desk.hub->open(exchange, stream_profiles()[0]);
    stream_ = exchange.take_stream().provider;
    REQUIRE(stream_);
    stream_->attached({}, chunked);
  }

  SseProvider::Next pull(std::size_t max = 65'536) {
    slices.clear();
    const SseProvider::Next answer = stream_->pull(slices, max);
    for (const FrameSlice& slice : slices)
      if (!parser_.feed({slice.bytes->data() + slice.from, slice.size}).ok()) std::abort();
    return answer;
  }
  bool pull_until(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (events.size() < count) {
      if (std::chrono::steady_clock::now() > deadline) return false;
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

  std::vector<FrameSlice> slices;
  std::vector<SseParser::Event> events;
  Sequence next = 0;

 private:
  Desk& desk_;
  std::unique_ptr<SseProvider> stream_;
  SseParser parser_{[this](const SseParser::Event& event) { events.push_back(event); }};
};

std::pair<std::string, std::string> after(Sequence n) {
  return {"lastEventId", encode_event_id(kEpoch, n)};
}

}  // namespace

TEST_CASE("HubCore: live readers of one group are sent the same bytes, not copies") {
  Desk desk;
  Reader one(desk, {}), two(desk, {}), filtered(desk, {{"types", "thought"}});
  for (Reader* reader : {&one, &two, &filtered}) CHECK(reader->pull() == SseProvider::Next::idle);
  desk.publish_numbered(10);
  desk.turn(3);
  one.pull();
  two.pull();
  filtered.pull();
  REQUIRE(one.slices.size() == 1);
  REQUIRE(two.slices.size() == 1);
  CHECK(one.slices[0].bytes == two.slices[0].bytes);
  CHECK(one.events.size() == 10);
  CHECK(filtered.events.size() == 10);
  // Two groups, one projection: each entry was encoded once.
  CHECK(desk.metrics.counter("stream_frames_encoded_total").value() == 10);
}

TEST_CASE("HubCore: readers that come back to one place share what was read for the first") {
  Desk desk(8);
  desk.publish_numbered(500);
  desk.turn(3);
  Reader first(desk, {after(100)});
  REQUIRE(first.pull_until(400));
  const std::size_t reads = desk.log->reads();
  for (int n = 0; n < 20; ++n) {
    Reader next(desk, {after(100)});
    REQUIRE(next.pull_until(400));
    CHECK(next.is_whole(101));
  }
  CHECK(desk.log->reads() <= reads + 1);
}

TEST_CASE("[SX.2] HubCore: what expired under a reader and what is corrupt is declared, once") {
  Desk desk(8);
  desk.publish_numbered(100);
  desk.log->drop_before(41);
  desk.log->corrupt(50);
  desk.log->corrupt(51);
  Reader late(desk, {after(10)});
  REQUIRE(late.pull_until(1 + 9 + 1 + 49));
  CHECK(late.events[0].data == R"({"from":"5f3a9c01d2-11","to":"5f3a9c01d2-40","count":30,"reason":"expired"})");
  CHECK(late.events[10].data == R"({"from":"5f3a9c01d2-50","to":"5f3a9c01d2-51","count":2,"reason":"corrupt"})");
  CHECK(late.is_whole(11));
  CHECK(late.next == 101);

  // Retention passes a reader that is on its way.
  Reader passed(desk, {after(60)});
  passed.pull(1);
  desk.log->drop_before(81);
  REQUIRE(passed.pull_until(21));
  CHECK(passed.is_whole(61));
}

TEST_CASE("HubCore: at most four fetches run at once, and a reader that left is nobody's harm") {
  Desk desk(8);
  desk.publish_numbered(2'000);
  desk.turn(5);
  std::vector<std::unique_ptr<Reader>> readers;
  for (Sequence n = 0; n < 50; ++n)
    readers.push_back(std::make_unique<Reader>(desk, std::vector{after(n * 30)}));
  for (const auto& reader : readers) reader->pull();
  CHECK(desk.metrics.counter("stream_disk_fetches_total").value() == 4);
  for (std::size_t n = 0; n < readers.size(); n += 2) readers[n] = nullptr;
  for (std::size_t n = 1; n < readers.size(); n += 2) {
    REQUIRE(readers[n]->pull_until(2'000 - n * 30));
    CHECK(readers[n]->is_whole(n * 30 + 1));
  }
  CHECK(desk.hub->readers() == 25);
}

TEST_CASE("HubCore: workers that have no room are asked again") {
  Desk desk(8, 1);
  desk.publish_numbered(100);
  Gate gate;
  for (int n = 1; n <= 2; ++n) {
    CHECK(desk.workers.try_submit([&gate] { gate.pass(); }).ok());
    CHECK(gate.wait_for_arrival(n));
  }
  CHECK(desk.workers.try_submit([] {}).ok());  // the queue is full
  Reader late(desk, {after(0)});
  CHECK(late.pull() == SseProvider::Next::idle);
  CHECK(desk.metrics.counter("stream_disk_fetches_total").value() == 0);
  gate.open();
  REQUIRE(late.pull_until(100));
  CHECK(late.is_whole(1));
}

TEST_CASE("HubCore: a filter that passes over a whole ring takes turns, and arrives") {
  Desk desk(65'536);
  desk.publish(R"({"type":"action"})");
  desk.publish_numbered(20'000);
  desk.publish(R"({"type":"action"})");
  Reader reader(desk, {after(0), {"types", "action"}});
  int pulls = 0;
  while (reader.events.size() < 2) {
    REQUIRE(++pulls < 100);
    reader.pull();
    desk.turn();
  }
  CHECK(pulls > 2);
}

TEST_CASE("HubCore: a hub lapped by a whole ring loses nothing for its readers") {
  Desk desk(16);
  Reader live(desk, {}), quiet(desk, {{"taskId", "t"}});
  live.pull();
  quiet.pull();
  desk.publish(R"({"type":"thought","task_id":"t","n":1})");
  desk.publish_numbered(99);  // no turn in between
  REQUIRE(live.pull_until(100));
  CHECK(live.is_whole(1));
  REQUIRE(quiet.pull_until(1));
  desk.publish_numbered(1);
  REQUIRE(live.pull_until(101));
  CHECK(live.is_whole(1));
}

TEST_CASE("HubCore: more than the live window holds comes from the ring, without a seam") {
  Desk desk(65'536);
  Reader slow(desk, {});
  slow.pull();
  for (std::size_t n = 1; n <= 300; ++n) {
    desk.publish(R"({"type":"thought","n":)" + std::to_string(n) + R"(,"x":")" +
                 std::string(40'000, 'x') + "\"}");
    desk.turn(2);
  }
  REQUIRE(slow.pull_until(300));  // 12 MB, of which the window keeps 4
  CHECK(slow.is_whole(1));
}

TEST_CASE("HubCore: from disk to ring to live under concurrent publish, 10 000 rounds") {
  Desk desk(8);
  desk.publish_numbered(100);
  std::atomic<bool> stop{false};
  // The publisher is the recorder too; it keeps just ahead of the readers.
  std::atomic<Sequence> reached{100};
  std::thread publisher([&] {
    while (!stop) {
      if (desk.bus.last() < reached + 40) {
        desk.publish_numbered(1);
      } else {
        std::this_thread::yield();
      }
    }
  });
  std::mt19937 dice(7);
  bool whole = true;
  int rounds = 0;
  for (; rounds < kRounds && whole; ++rounds) {
    const Sequence head = desk.bus.head();
    const Sequence from = head - std::min<Sequence>(head, dice() % 40);
    Reader reader(desk, {after(from)}, false);
    const std::size_t wanted = static_cast<std::size_t>(head - from) + dice() % 4;
    reached = head;
    whole = reader.pull_until(wanted) && reader.is_whole(from + 1);
  }
  stop = true;
  publisher.join();
  CHECK(rounds == kRounds);
  CHECK(whole);
}

TEST_CASE("[SX.1] HubCore: random disconnects, resumes, retention and bad records: everything delivered or declared, once") {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    Desk desk(8 + seed);
    std::mt19937 dice(seed);
    const bool filtered = seed % 2 == 0;
    std::vector<Sequence> matching, delivered;
    std::map<Sequence, Sequence> declared;
    std::unique_ptr<Reader> reader;
    std::string last = encode_event_id(kEpoch, 0);
    const auto collect = [&] {
      for (const SseParser::Event& event : reader->events) {
        last = event.id;
        const JsonView data(event.data);
        if (event.event == "gap") {
          const auto id = decode_event_id(data["from"].string().value_or("")).value();
          declared[id.sequence] = decode_event_id(event.id).value().sequence;
        } else {
          delivered.push_back(decode_event_id(event.id).value().sequence);
        }
      }
      reader->events.clear();
    };
    for (int step = 0; step < 600; ++step) {
      switch (dice() % 8) {
        case 0:
          if (reader) collect();
          reader = nullptr;
          break;
        case 1:
          if (!reader) {
            std::vector<std::pair<std::string, std::string>> query{{"lastEventId", last}};
            if (filtered) query.emplace_back("types", "thought");
            reader = std::make_unique<Reader>(desk, query);
          }
          break;
        case 2:
        case 3:
          for (auto n = dice() % 12; n > 0; --n) {
            const bool match = !filtered || dice() % 2 == 0;
            if (match) matching.push_back(desk.bus.last() + 1);
            desk.publish(match ? R"({"type":"thought"})" : R"({"type":"action"})");
          }
          break;
        case 4:
          if (dice() % 10 == 0 && desk.log->size() > 60)
            desk.log->drop_before(std::max<Sequence>(desk.log->oldest(), desk.log->size() - 60));
          if (dice() % 10 == 0 && desk.log->size() > 0)
            desk.log->corrupt(1 + dice() % desk.log->size());
          break;
        case 5:
          desk.turn();
          break;
        default:
          if (reader) {
            reader->pull(1 + dice() % 400);
            collect();
          }
      }
    }
    std::vector<std::pair<std::string, std::string>> query{{"lastEventId", last}};
    if (filtered) query.emplace_back("types", "thought");
    if (!reader) reader = std::make_unique<Reader>(desk, query);
    const Sequence end = desk.bus.last() + 1;
    matching.push_back(end);
    desk.publish(R"({"type":"thought"})");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while ((delivered.empty() || delivered.back() != end) &&
           std::chrono::steady_clock::now() < deadline) {
      if (reader->pull() == SseProvider::Next::idle)
        desk.reactor.turn(std::chrono::milliseconds(1));
      collect();
    }
    // The oracle: in order, once, nothing foreign; what is missing was declared.
    CHECK(std::is_sorted(delivered.begin(), delivered.end()));
    CHECK(std::adjacent_find(delivered.begin(), delivered.end()) == delivered.end());
    std::vector<Sequence> lost;
    std::set_difference(matching.begin(), matching.end(), delivered.begin(), delivered.end(),
                        std::back_inserter(lost));
    CHECK(matching.size() == delivered.size() + lost.size());
    for (const Sequence n : lost) {
      auto gap = declared.upper_bound(n);
      REQUIRE(gap != declared.begin());
      --gap;
      CHECK(n <= gap->second);
    }
    for (const Sequence n : delivered)
      for (const auto& [from, to] : declared) CHECK_FALSE((from <= n && n <= to));
  }
}
