#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/net/http_front.h"
#include "tests/support/fake_clock.h"
#include "tests/support/patience.h"
#include "tests/support/raw_client.h"
#include "trace/mutex.h"

namespace devs {

// Keeps what was logged.  Thread-safe.
class KeptLog final : public Log {
 public:
  void line(Level, std::string_view event, std::initializer_list<Field> fields) override {
    std::string text(event);
    for (const Field& field : fields)
      text.append(" ").append(field.first).append("=").append(field.second);
    MutexLock lock(mutex_);
    lines_.push_back(std::move(text));
  }
  bool has(std::string_view part) const {
    MutexLock lock(mutex_);
    return std::any_of(lines_.begin(), lines_.end(), [part](const std::string& line) {
      return line.find(part) != std::string::npos;
    });
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> lines_ DEVS_GUARDED_BY(mutex_);
};

// Frames for any number of readers, each a cursor: what a stream hub does, without
// a log behind it.  Confined to the reactor.
class Feed {
 public:
  struct Told {  // what providers saw, for the test
    int attached = 0;
    int peer = 0;
    int stalled = 0;
    int shutdown = 0;
    int error = 0;
    int made = 0;
    int destroyed = 0;
  };
  class Reader;

  void add(std::string payload, bool last = false) {
    frames_.push_back(std::make_shared<const std::string>(chunk_of(payload)));
    bare_.push_back(std::make_shared<const std::string>(std::move(payload)));
    ended_ = ended_ || last;
    for (StreamLine& line : lines_) line.wake();
  }
  static std::string chunk_of(const std::string& payload) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string size;
    for (std::size_t n = payload.size(); n > 0; n /= 16) size.insert(0, 1, kDigits[n % 16]);
    return size + "\r\n" + payload + "\r\n";
  }
  std::unique_ptr<SseProvider> reader(bool from_start);
  Told told() const {
    MutexLock lock(mutex_);
    return told_;
  }

 private:
  friend class Reader;
  std::vector<std::shared_ptr<const std::string>> frames_;
  std::vector<std::shared_ptr<const std::string>> bare_;
  std::vector<StreamLine> lines_;
  bool ended_ = false;
  mutable Mutex mutex_;
  Told told_ DEVS_GUARDED_BY(mutex_);
};

class Feed::Reader final : public SseProvider {
 public:
  Reader(Feed& feed, bool from_start) : feed_(feed), from_start_(from_start) {
    MutexLock lock(feed_.mutex_);
    ++feed_.told_.made;
  }
  ~Reader() override {
    MutexLock lock(feed_.mutex_);
    ++feed_.told_.destroyed;
  }
  void attached(StreamLine line, bool chunked) override {
    chunked_ = chunked;
    line_ = line;
    at_ = from_start_ ? 0 : feed_.frames_.size();
    feed_.lines_.push_back(line);
    MutexLock lock(feed_.mutex_);
    ++feed_.told_.attached;
  }
  Next pull(std::vector<FrameSlice>& out, std::size_t max_bytes) override {
    if (!greeted_) {
      static const auto kChunked = std::make_shared<const std::string>(chunk_of(": connected\n\n"));
      static const auto kBare = std::make_shared<const std::string>(": connected\n\n");
      greeted_ = true;
      const auto& greeting = chunked_ ? kChunked : kBare;
      out.push_back({greeting, 0, greeting->size()});
    }
    std::size_t bytes = 0;
    for (; at_ < feed_.frames_.size() && bytes < max_bytes; ++at_) {
      const auto& frame = chunked_ ? feed_.frames_[at_] : feed_.bare_[at_];
      // A projection that throws, for those who read from the start.
      if (from_start_ && frame->find("poison") != frame->npos) throw std::runtime_error("poison");
      bytes += frame->size();
      out.push_back({frame, 0, frame->size()});
    }
    if (at_ < feed_.frames_.size()) return Next::more;
    if (feed_.ended_) leave();
    return feed_.ended_ ? Next::ended : Next::idle;
  }
  std::string last_words(const FrameEnd*) override {
    const std::string words = "event: evicted\ndata: {\"reason\":\"stalled\"}\n\n";
    return chunked_ ? chunk_of(words) : words;
  }
  void detached(Gone why) override {
    leave();
    MutexLock lock(feed_.mutex_);
    if (why == Gone::peer) ++feed_.told_.peer;
    if (why == Gone::stalled) ++feed_.told_.stalled;
    if (why == Gone::shutdown) ++feed_.told_.shutdown;
    if (why == Gone::error) ++feed_.told_.error;
  }

 private:
  void leave() {
    std::erase_if(feed_.lines_, [this](const StreamLine& line) { return line.id() == line_.id(); });
  }
  Feed& feed_;
  const bool from_start_;
  bool chunked_ = true;
  bool greeted_ = false;
  std::size_t at_ = 0;
  StreamLine line_;
};

inline std::unique_ptr<SseProvider> Feed::reader(bool from_start) {
  return std::make_unique<Reader>(*this, from_start);
}

// A front with its reactor on a thread, workers, and a clock the test holds.
class LiveFront {
 public:
  struct Options {
    HttpFront::Options front{};
    std::size_t workers = 3;
    std::size_t queue = 256;
    bool real_clock = false;
    HttpFront::Authorize authorize{};
    bool listen = true;
  };

  using MakeRoutes = std::function<std::vector<Route>(LiveFront&)>;

  LiveFront(Options options, MakeRoutes routes)
      : reactor_(options.real_clock ? system_clock() : static_cast<const Clock&>(clock_), metrics_),
        workers_({.name = "http", .threads = options.workers, .queue_capacity = options.queue}) {
    RouteTable table;
    for (Route& route : routes(*this))
      if (!table.add(std::move(route)).ok()) std::abort();
    front_.emplace(std::move(options.front), std::move(table), std::move(options.authorize),
                   reactor_, workers_, log_, metrics_);
    if (options.listen) listened_ = front_->listen();
    thread_ = std::jthread([this] { reactor_.run(); });
  }
  ~LiveFront() { end(); }

  // Everything goes in the order of the house's shutdown.
  void end() {
    if (!front_) return;
    stop(std::chrono::milliseconds(0));
    workers_.stop();
    reactor_.stop();
    thread_.join();
    front_.reset();
  }
  void stop(std::chrono::milliseconds drain) { front_->stop(reactor_.now() + drain); }

  HttpFront& front() { return *front_; }
  Reactor& reactor() { return reactor_; }
  Metrics& metrics() { return metrics_; }
  WorkerPool& workers() { return workers_; }
  KeptLog& log() { return log_; }
  FakeClock& clock() { return clock_; }
  Feed& feed() { return feed_; }
  const Status& listened() const { return listened_; }
  std::uint16_t port() const { return front_->port(); }

  void publish(std::string payload, bool last = false) {
    reactor_.post([this, payload = std::move(payload), last]() mutable {
      feed_.add(std::move(payload), last);
    });
  }
  // Moves the clock and lets the reactor notice.
  void pass(Duration time) {
    clock_.advance(time);
    settle();
  }
  // Returns when the reactor has done a whole turn from now.
  void settle() {
    for (int i = 0; i < 2; ++i) {
      Mutex mutex;
      CondVar changed;
      bool done = false;
      reactor_.post([&] {
        MutexLock lock(mutex);
        done = true;
        changed.notify_all();
      });
      MutexLock lock(mutex);
      while (!done) changed.wait(mutex);
    }
  }
  template <class Condition>
  bool until(Condition condition) {
    const auto deadline = soon();
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      settle();
    }
    return true;
  }
  RawClient client(int receive_buffer = 0) { return RawClient(port(), {}, false, receive_buffer); }
  RawAnswer get(std::string_view path, std::string_view more = {}) {
    RawClient one = client();
    return one.ask(get_text(path, port(), more));
  }
  RawAnswer post(std::string_view path, std::string_view body, std::string_view more = {}) {
    RawClient one = client();
    return one.ask(post_text(path, port(), body, more));
  }
  std::uint64_t count(std::string_view name, std::string_view labels = {}) {
    return metrics_.counter(name, labels).value();
  }

  // Answers that handlers put off; the test sends them.
  void keep(DeferredAnswer answer) {
    MutexLock lock(mutex_);
    kept_.push_back(std::move(answer));
  }
  std::size_t kept() const {
    MutexLock lock(mutex_);
    return kept_.size();
  }
  DeferredAnswer take_kept() {
    MutexLock lock(mutex_);
    DeferredAnswer first = std::move(kept_.front());
    kept_.erase(kept_.begin());
    return first;
  }
  std::atomic<int> gone{0};  // times an on_gone ran

 private:
  FakeClock clock_;
  Metrics metrics_;
  KeptLog log_;
  Feed feed_;
  Reactor reactor_;
  WorkerPool workers_;
  std::optional<HttpFront> front_;
  Status listened_;
  mutable Mutex mutex_;
  std::vector<DeferredAnswer> kept_ DEVS_GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace devs
