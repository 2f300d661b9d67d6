#include "orchestrator/net/front_core.h"

#include <unistd.h>

#include <utility>

#include "orchestrator/net/connection.h"

namespace devs {

namespace {

constexpr std::size_t kDescriptorsForOthers = 64;  // children, logs, upstreams
constexpr std::size_t kParkedPerAccept = 4;        // closed when connections are tight
constexpr std::chrono::seconds kSlowHead{1};

Outcome refusal_outcome(int status, std::string_view reason, const Clock& clock) {
  HttpAnswer answer = refusal_answer(status, reason);
  answer.headers.emplace_back("Retry-After", "1");
  EncodedAnswer encoded = encode_answer(std::move(answer), std::size_t(-1));
  finish_head(encoded.head, {.date = http_date(clock.wall()), .close = true});
  Outcome outcome;
  outcome.head = std::move(encoded.head);
  outcome.body = std::move(encoded.body);
  outcome.close = true;
  return outcome;
}

}  // namespace

FrontCore::FrontCore(HttpFront& front, HttpFront::Options options, RouteTable routes,
                     HttpFront::Authorize authorize, Reactor& reactor, WorkerPool& workers,
                     Log& log, Metrics& metrics)
    : front_(front),
      options_(std::move(options)),
      routes_(std::move(routes)),
      authorize_(std::move(authorize)),
      reactor_(reactor),
      workers_(workers),
      log_(log),
      admission_(routes_,
                 OriginPolicy(options_.hosts, {options_.origins, options_.graph_origins},
                              options_.auth_on),
                 options_.auth_on),
      router_(routes_, authorize_, admission_, options_, reactor.clock(), log, metrics),
      table_(reactor, metrics),
      shared_{options_,   reactor, log,    metrics,
              admission_, *this,   table_, metrics.counter("http_stream_sends_total")},
      listener_(
          {.accept = options_.accept,
           .on_accepted = [this](Listener::Accepted accepted) { on_accepted(std::move(accepted)); },
           .canned = [this]() -> const std::string& { return shared_.canned.next(); }},
          reactor, log, metrics),
      stop_timer_(
          [this] { table_.each([](Connection& connection) { connection.end_stream_now(); }); }) {
}

FrontCore::~FrontCore() = default;

// The work finds the front gone instead of dangling.
template <class F>
Work FrontCore::for_self(F what) {
  return [weak = weak_from_this(), what = std::move(what)]() mutable {
    if (const std::shared_ptr<FrontCore> self = weak.lock()) what(*self);
  };
}

template <class F>
void FrontCore::post(F what) {
  reactor_.post(for_self(std::move(what)));
}

Status FrontCore::listen() {
  if (shared_.closing) return Status(Code::unavailable, "the front is closed");
  fit_to_descriptors();
  Status opened = listener_.open(options_.host, options_.port);
  if (!opened.ok() && options_.else_any_port && opened.code() == Code::unavailable)
    opened = listener_.open(options_.host, 0);
  if (!opened.ok()) return opened;
  admission_.set_port(listener_.port());
  post([](FrontCore& self) {
    if (!self.shared_.closing) self.listener_.start();
  });
  return {};
}

void FrontCore::fit_to_descriptors() {
  const std::size_t limit = raise_descriptor_limit();
  const std::size_t room =
      limit > 2 * kDescriptorsForOthers ? limit - kDescriptorsForOthers : limit / 2;
  const std::size_t wanted = options_.max_connections;
  options_.max_connections = std::min(wanted, room);
  log_.info("descriptors", {{"limit", std::to_string(limit)},
                            {"max_connections", std::to_string(options_.max_connections)},
                            {"asked", std::to_string(wanted)}});
}

void FrontCore::close() {
  if (shared_.closing.exchange(true)) return;
  post([](FrontCore& self) {
    self.listener_.close();
    self.table_.each([](Connection& connection) { connection.on_closing(); });
  });
}

void FrontCore::stop(TimePoint deadline) {
  close();
  post([deadline](FrontCore& self) { self.begin_stop(deadline); });
  // The deadline is on the front's clock, which a test may hold; waiting is not.
  const Duration left = std::max(deadline - reactor_.now(), Duration::zero());
  const TimePoint give_up = std::chrono::steady_clock::now() + left + std::chrono::seconds(5);
  MutexLock lock(mutex_);
  while (!stopped_ && changed_.wait_until(mutex_, give_up)) {
  }
  if (!stopped_) log_.error("front_not_stopped", {});
}

void FrontCore::begin_stop(TimePoint deadline) {
  if (std::exchange(stop_begun_, true)) return;
  shared_.stopping = true;
  reactor_.at_turn_end(*this);
  reactor_.timers().set(stop_timer_, deadline);
  table_.each([](Connection& connection) { connection.on_stopping(); });
}

bool FrontCore::on_turn_end() {
  if (!table_.empty()) return false;
  reactor_.forget(*this);
  stop_timer_.cancel();
  MutexLock lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
  return false;
}

void FrontCore::destroy() {
  shared_.closing = true;
  {
    MutexLock lock(mutex_);
    while (running_ > 0) changed_.wait(mutex_);
  }
  stop_timer_.cancel();
  reactor_.forget(*this);
  listener_.close();
  table_.clear();
}

HttpFront::Counts FrontCore::counts() const {
  return {.connections = table_.connections(),
          .streams = table_.streams(),
          .in_hand = table_.in_hand()};
}

void FrontCore::on_accepted(Listener::Accepted accepted) {
  if (shared_.closing) {
    ::close(accepted.fd);
    return;
  }
  const LoadLevel::Level level = shared_.level();
  bool refused = table_.address_full(accepted.address_key, options_.max_per_address);
  if (level == LoadLevel::Level::shed || table_.connections() >= options_.max_connections)
    refused = refused || !make_room();
  if (level != LoadLevel::Level::normal)
    for (std::size_t i = 0; i < kParkedPerAccept && table_.parked.first(); ++i)
      table_.parked.first()->end();
  Connection& connection = table_.add(std::make_unique<Connection>(
      shared_, accepted.fd, std::move(accepted.peer), std::move(accepted.address_key)));
  if (refused)
    connection.start_refused(connection.id());
  else
    connection.start(connection.id());
}

// The oldest head that is still not whole after a second, if there is one.
bool FrontCore::make_room() {
  Connection* const oldest = table_.heads.first();
  if (!oldest || reactor_.now() - oldest->waiting_since() < kSlowHead) return false;
  oldest->make_room();
  return true;
}

bool FrontCore::try_dispatch(std::unique_ptr<Request> request) {
  {
    MutexLock lock(mutex_);
    ++running_;
  }
  queued_at_.push_back(request->received);
  const Status taken = workers_.try_submit(
      [this, request = std::move(request)]() mutable { run(std::move(request)); });
  if (taken.ok()) {
    reactor_.expect(1);
    return true;
  }
  queued_at_.pop_back();
  MutexLock lock(mutex_);
  --running_;
  return false;
}

bool FrontCore::queue_is_old() {
  const std::uint64_t begun = begun_.load(std::memory_order_relaxed);
  for (; counted_off_ < begun && !queued_at_.empty(); ++counted_off_) queued_at_.pop_front();
  return !queued_at_.empty() && is_too_old(queued_at_.front(), queued_at_.size());
}

bool FrontCore::is_too_old(TimePoint received, std::size_t waiting) const {
  return waiting >= options_.queue_short && reactor_.now() - received > options_.queue_deadline;
}

void FrontCore::run(std::unique_ptr<Request> request) {
  begun_.fetch_add(1, std::memory_order_relaxed);
  const ConnectionId to = request->connection;
  const bool late = is_too_old(request->received, workers_.waiting() + 1);
  const bool closing = shared_.closing.load(std::memory_order_relaxed);
  if (late || closing) {
    shared_.count_refusal(503, closing ? "closing" : "queue");
    finish(to, refusal_outcome(503, closing ? "closing" : "queue", reactor_.clock()));
  } else {
    Exchange exchange(front_, to, std::move(request->head), std::move(request->body),
                      request->received);
    finish(to, router_.run(*request, exchange, request->close));
  }
  MutexLock lock(mutex_);
  if (--running_ == 0) changed_.notify_all();
}

void FrontCore::finish(ConnectionId to, Outcome outcome) {
  if (outcome.kind == Outcome::Kind::deferred) return;
  post([to, outcome = std::move(outcome)](FrontCore& self) mutable {
    self.reactor_.expect(-1);
    if (Connection* const connection = self.table_.find(to))
      connection->outcome(std::move(outcome));
    else
      self.shared_.count_dropped("gone");
  });
}

// In no hurry: nothing is sent, and who answers wakes the reactor anyway.
void FrontCore::defer(ConnectionId to, Deferral deferral) {
  reactor_.post_quietly(for_self([to, deferral = std::move(deferral)](FrontCore& self) mutable {
    self.reactor_.expect(-1);
    if (Connection* const connection = self.table_.find(to)) {
      connection->defer(std::move(deferral));
      return;
    }
    if (deferral.on_gone) deferral.on_gone();
  }));
}

void FrontCore::send(ConnectionId to, HttpAnswer answer) {
  if (!headers_ok(answer)) log_.error("header_not_writable", {});
  post([to, encoded = encode_answer(std::move(answer), options_.max_answer_bytes)](
           FrontCore& self) mutable {
    Connection* const connection = self.table_.find(to);
    if (connection)
      connection->deliver(std::move(encoded));
    else
      self.shared_.count_dropped("gone");
  });
}

void FrontCore::stream(ConnectionId to, StreamStart start) {
  post([to, start = std::move(start)](FrontCore& self) mutable {
    Connection* const connection = self.table_.find(to);
    if (connection)
      connection->deliver(std::move(start));
    else
      self.shared_.count_dropped("gone");
  });
}

}  // namespace devs
