#include "tests/orchestrator/streams/model_house.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <string_view>
#include <utility>

namespace devs {
namespace {

HttpFront::Options front_options(std::size_t socket_bytes) {
  HttpFront::Options options;
  options.queue_deadline = std::chrono::hours(1);  // a clock that jumps makes nobody late
  options.accept = [bytes = static_cast<int>(socket_bytes)](int listener) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    return fd;
  };
  return options;
}

}  // namespace

ModelHouse::ModelHouse(const ModelHouseOptions& options, FakeClock& time)
    : clock(time),
      flight(FlightLog::open({.dir = options.dir,
                              .segment_bytes = options.segment_bytes,
                              .files = &disk,
                              .clock = &clock},
                             log)
                 .value()),
      pins(Pins::open(disk, options.dir / "pins.json", {}).value()),
      bus({.ring_entries = options.ring, .last = flight->last()}, clock),
      recorder(bus, *flight, pins.get(), log, metrics,
               {.on_failure = options.on_failure, .retry = std::chrono::milliseconds(1)}),
      keeper(*flight, *pins, clock, log, metrics,
             {.retention = {.bytes = 0, .entries = options.keep_entries},
              .zstd_level = 1,
              .look_every = std::chrono::milliseconds(1)}),
      reactor(clock, metrics),
      http_workers({.name = "http", .threads = 2, .queue_capacity = 4096}),
      house_workers({.name = "house", .threads = 1, .queue_capacity = 4096}),
      waiters(bus, reactor),
      hub({}, bus, *flight, reactor, house_workers, log, metrics),
      publishing(flight->epoch(), bus, waiters, clock, log, metrics),
      trace(bus, *flight) {
  RouteTable routes;
  if (!add_stream_routes(routes, hub, publishing, trace).ok()) std::abort();
  front = std::make_unique<HttpFront>(
      front_options(options.socket_bytes), std::move(routes),
      [](Exchange&, const Route&) { return std::optional<HttpAnswer>(); }, reactor, http_workers,
      log, metrics);
  if (!front->listen().ok()) std::abort();
  turning_ = std::jthread([this] { reactor.run(); });
}

void ModelHouse::close() {
  disk.mend();
  front->close();
  http_workers.stop();
  bus.close();
  recorder.stop();
  keeper.stop();
  hub.goodbye(std::chrono::milliseconds(0));
}

ModelHouse::~ModelHouse() {
  close();
  front->stop(reactor.now());
  reactor.stop();
  turning_.join();
  house_workers.stop();
  front.reset();
}

void ModelHouse::pass(Duration time) {
  turn();  // what was read before has made room: whoever waited for it is served
  clock.advance(time);
  turn();
}

void ModelHouse::turn() {
  for (int turn = 0; turn < 2; ++turn) {  // the one under way may be past what we ask for
    std::promise<void> turned;
    const std::future<void> seen = turned.get_future();
    reactor.post([turned = std::move(turned)]() mutable { turned.set_value(); });
    seen.wait();
  }
}

// --- publishers ---

ModelPublisher::ModelPublisher(ModelHouse& house, std::uint64_t seed, std::string name,
                               bool over_http, bool fat)
    : house_(house),
      dice_(seed),
      name_(std::move(name)),
      over_http_(over_http),
      fat_(fat),
      thread_([this] { work(); }) {
}

void ModelPublisher::publish(std::size_t entries) {
  MutexLock lock(mutex_);
  wanted_ += entries;
  changed_.notify_all();
}

void ModelPublisher::finish() {
  MutexLock lock(mutex_);
  while (wanted_ > 0 && !ended_) changed_.wait(mutex_);
}

void ModelPublisher::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void ModelPublisher::work() {
  for (;;) {
    std::size_t count = 0;
    {
      MutexLock lock(mutex_);
      while (wanted_ == 0 && !stopping_) changed_.wait(mutex_);
      count = std::min(wanted_, 1 + dice_.below(4));
      ended_ = count == 0 || !wrong.empty();
      changed_.notify_all();
      if (ended_) return;
    }
    std::vector<ModelEntry> entries;
    for (std::size_t n = 0; n < count; ++n)
      entries.push_back(any_entry(dice_, name_ + '-' + std::to_string(++made_), !over_http_, fat_));
    Sequence sequence = over_http_ ? publish_over_http(entries) : publish_direct(entries);
    for (ModelEntry& entry : entries)
      if (sequence > 0) published.emplace(sequence++, std::move(entry));
    MutexLock lock(mutex_);
    wanted_ -= count;
    changed_.notify_all();
  }
}

Sequence ModelPublisher::publish_direct(const std::vector<ModelEntry>& entries) {
  for (const TimePoint deadline = soon();;) {
    std::vector<Draft> drafts;
    for (const ModelEntry& entry : entries) {
      drafts.push_back(draft_of_published(entry.body()));
      drafts.back().topics = entry.carried;
    }
    const Result<Sequence> first = house_.bus.publish_all(std::move(drafts));
    if (first.ok()) return *first;
    if (std::chrono::steady_clock::now() > deadline) {
      wrong = name_ + " could not publish: " + first.status().message();
      return 0;
    }
    house_.flush();  // the recorder lags, or its disk refuses: it will be well
    std::this_thread::yield();
  }
}

// A client that repeats itself under one key until it is told.
Sequence ModelPublisher::publish_over_http(const std::vector<ModelEntry>& entries) {
  const bool array = dice_.once_in(2);
  std::string body = array ? "[" : "";
  for (const ModelEntry& entry : entries) {
    if (body.size() > 1) body += array ? "," : "\n";
    body += entry.body();
  }
  if (array) body += ']';
  const std::string request =
      "POST /trace/publish HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(house_.port()) +
      "\r\nContent-Type: " + (array ? "application/json" : "application/x-ndjson") +
      "\r\nIdempotency-Key: " + entries.front().number +
      "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  for (const TimePoint deadline = soon();;) {
    if (!client_ || client_->ended()) client_.emplace(house_.port());
    const RawAnswer answer = client_->ask(request);
    const std::size_t ids = answer.body.find("\"ids\":[\"" + house_.epoch() + '-');
    if (answer.status == 200 && ids != std::string::npos)
      return std::stoull(answer.body.substr(ids + 8 + house_.epoch().size() + 1));
    // 504: the clock was moved past the time an answer may take.
    if (answer.status != 503 && answer.status != 504 && answer.status != 0) {
      wrong = name_ + " was refused: " + answer.head + answer.body;
      return 0;
    }
    if (std::chrono::steady_clock::now() > deadline) {
      wrong = name_ + " got no answer";
      return 0;
    }
    house_.flush();
    if (answer.status == 0) client_.reset();
  }
}

}  // namespace devs
