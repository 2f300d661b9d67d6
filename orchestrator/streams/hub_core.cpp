#include "orchestrator/streams/hub_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "orchestrator/streams/resume.h"
#include "orchestrator/streams/sse_stream.h"
#include "protocol/json.h"
#include "trace/random.h"

namespace devs {
namespace {

constexpr std::size_t kWakeSlice = 512;   // readers woken per turn
constexpr std::size_t kBusyReaders = 32;  // fewer: gathering would only add delay
// Entries gather for as long as sending to one reader takes, times readers.
constexpr std::chrono::microseconds kGatherPerReader(2);
constexpr std::chrono::microseconds kMaxGather(1000);
constexpr auto kPartingTick = std::chrono::milliseconds(20);

HttpAnswer bad_parameter(const BadParameter& bad) {
  return json_answer(400, fmt::format(R"({{"error":"BAD_REQUEST","field":"{}","message":{}}})",
                                      bad.field, json_string(bad.message)));
}

HttpAnswer stopping() {
  HttpAnswer answer = error_answer(503, "UNAVAILABLE", "shutdown");
  answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

}  // namespace

HubCore::HubCore(StreamHub::Options options, TraceStreamBus& bus,
                 std::shared_ptr<const StoredLog> log, std::shared_ptr<Projector> projector,
                 Reactor& reactor, WorkerPool& workers, Metrics& metrics)
    : options_(options),
      bus_(bus),
      log_(std::move(log)),
      projector_(std::move(projector)),
      reactor_(reactor),
      opened_(metrics.counter("streams_opened_total")),
      refused_(metrics.counter("streams_refused_total")),
      resets_(metrics.counter("stream_resets_total")),
      skipped_heartbeats_(metrics.counter("stream_heartbeats_skipped_total")),
      admissions_(std::make_shared<Admissions>(
          Admissions::Options{.max_clients = options.max_clients,
                              .max_per_principal = options.max_per_principal})),
      window_(bus, *projector_, metrics),
      replay_(std::make_shared<ReplayDesk>(bus, log_, projector_, reactor, workers, metrics)),
      gather_(reactor, [this] { look(); }),
      parting_([this] { say_goodbye(); }) {}

void HubCore::start() {
  bus_.attach(bell_);
  reactor_.attach(bell_, [hub = weak_from_this()] {
    if (const auto here = hub.lock()) here->on_bell();
  });
}

// --- a reader comes (http workers) ---

HttpAnswer HubCore::stream_head(const StreamProfile& profile, Sequence head) const {
  HttpAnswer answer;
  answer.type = ContentType::sse;
  answer.headers = {{"Cache-Control", std::string(profile.cache_control)},
                    {"X-Accel-Buffering", "no"},
                    {"X-Head-Event-Id", encode_event_id(epoch(), head)}};
  return answer;
}

// Rights: entries carry no owner yet, so whoever Access lets in sees what matches.
void HubCore::open(Exchange& exchange, const StreamProfile& profile) {
  const RequestHead& request = exchange.head();
  BadParameter bad;
  Filter filter = filter_of(request, profile.ids_are_uuids, bad);
  if (!bad.field.empty()) return exchange.respond(bad_parameter(bad));

  // From here on nothing is missed: a reader is its sequence.
  const Sequence head = bus_.head();
  HttpAnswer answer = stream_head(profile, head);
  if (request.method == Method::head) return exchange.stream({std::move(answer), nullptr});
  if (closed_.load(std::memory_order_acquire)) return exchange.respond(stopping());

  auto admitted = admissions_->admit(exchange.principal(), request.peer_address);
  if (auto* refusal = std::get_if<HttpAnswer>(&admitted)) {
    refused_.add();
    return exchange.respond(std::move(*refusal));
  }
  opened_.add();
  ResumePoint point = resume_point(request, {epoch(), log_->oldest(), head});
  if (point.next == head + 1 && !point.frames.empty()) resets_.add();
  exchange.stream({std::move(answer),
                   std::make_unique<SseStream>(
                       *this, profile,
                       SseStream::Start{last_reader_.fetch_add(1) + 1, std::move(filter),
                                        point.next, std::move(point.frames)},
                       std::get<Admissions::Slot>(std::move(admitted)))});
}

// --- streams (reactor) ---

GroupPtr HubCore::join(SseStream& reader, const Filter& filter, const StreamProfile& profile,
                       bool chunked, Sequence next) {
  // A reader may know of entries we have not looked at.  Invariant: nobody stands
  // further than one past what was looked at.
  while (window_.looked() + 1 < next && window_.look(found_)) {}
  if (!found_.empty()) look_once();
  streams_.emplace(reader.id(), &reader);
  return window_.groups().join(filter, profile.projection, chunked, window_.looked());
}

void HubCore::leave(SseStream& reader, const GroupPtr& group) {
  replay_->forget(reader.id());
  streams_.erase(reader.id());
  window_.groups().leave(group);
}

HubCore::Supply HubCore::supply(SseStream& reader, const GroupPtr& group, Sequence& next,
                                std::size_t max_bytes, FrameBatch::Taken& taken) {
  // A filter may pass over a whole ring: a few batches a turn, then the others.
  for (int tries = 0; tries < 8;) {
    FrameBatchPtr batch;
    if (next >= window_.live_from(*group)) {
      batch = group->find(next);
      if (!batch) return Supply::at_head;
    } else if (const FrameBatchPtr& fetched = reader.fetched();
               fetched && fetched->first <= next && next <= fetched->last) {
      batch = fetched;
    } else {
      ++tries;
      batch = replay_->at_hand(*group, next);
      if (!batch) batch = replay_->from_ring(*group, next, window_.looked());
      if (!batch) {
        replay_->fetch(reader.id(), group, next, window_.looked(),
                       [this](std::uint64_t id, FrameBatchPtr got) {
                         const auto here = streams_.find(id);
                         if (here != streams_.end())
                           here->second->take_fetched(std::move(got));
                       });
        return Supply::later;
      }
    }
    taken = FrameBatch::take(batch, next, max_bytes);
    if (taken.slice.size > 0) return Supply::frames;
  }
  reactor_.post([hub = weak_from_this(), id = reader.id()] {
    if (const auto here = hub.lock())
      if (const auto found = here->streams_.find(id); found != here->streams_.end())
        found->second->wake();
  });
  return Supply::later;
}

Sequence HubCore::position(const StreamGroup& group, Sequence next) const {
  const bool caught_up = next >= window_.live_from(group) && !group.find(next);
  return caught_up ? std::max(window_.looked(), next - 1) : next - 1;
}

// --- the bus moved (reactor) ---

void HubCore::on_bell() {
  // Many readers and fast entries: what comes within this millisecond goes out in
  // the same sends.  A quiet house waits for nothing.
  if (last_woken_ >= kBusyReaders) {
    const auto gather = std::min(
        kMaxGather, kGatherPerReader * static_cast<std::int64_t>(last_woken_));
    const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(
        reactor_.now() - last_look_);
    if (passed < gather) return gather_.arm(gather - passed);
  }
  look();
}

void HubCore::look() {
  const bool more = window_.look(found_);
  last_look_ = reactor_.now();
  look_once();
  if (more && window_.looked() < bus_.head()) bell_.ring();
}

// Moves what a look found into the line of groups to be woken.
void HubCore::look_once() {
  last_woken_ = 0;
  for (GroupPtr& group : found_) {
    last_woken_ += group->readers;
    if (std::exchange(group->due, true)) continue;
    due_.push_back(std::move(group));
  }
  found_.clear();
  if (!waking_) wake_some();
}

void HubCore::wake_some() {
  waking_ = false;
  std::size_t woken = 0;
  while (!due_.empty()) {
    const GroupPtr group = due_.front();
    // Readers wait in the order of their positions: the first that has nothing to
    // fetch is followed by none that has.
    for (WaitLink* first = group->waiting.front();
         first != nullptr && first->reader->due_before(group->last_match);
         first = group->waiting.front()) {
      if (woken++ == kWakeSlice) {
        waking_ = true;
        reactor_.post([hub = weak_from_this()] {
          if (const auto here = hub.lock()) here->wake_some();
        });
        return;
      }
      first->unlink();
      first->reader->wake();
    }
    group->due = false;
    due_.pop_front();
  }
}

// --- the end ---

void HubCore::goodbye(std::chrono::milliseconds spread) {
  closed_.store(true, std::memory_order_release);
  reactor_.post([hub = weak_from_this(), spread] {
    const auto here = hub.lock();
    if (!here || std::exchange(here->leaving_, true)) return;
    for (const auto& [id, stream] : here->streams_) here->to_part_.push_back(id);
    here->part_total_ = here->to_part_.size();
    here->part_spread_ms_ = static_cast<std::size_t>(std::max<std::int64_t>(0, spread.count()));
    here->part_by_ = here->reactor_.now() + spread;
    here->say_goodbye();
  });
}

// Each reader at its share of the time.
void HubCore::say_goodbye() {
  const TimePoint now = reactor_.now();
  const auto left = static_cast<std::size_t>(
      std::max<Duration::rep>(0, (part_by_ - now) / std::chrono::milliseconds(1)));
  const std::size_t still_here = part_spread_ms_ == 0 ? 0 : part_total_ * left / part_spread_ms_;
  while (to_part_.size() > still_here) {
    const auto stream = streams_.find(to_part_.back());
    to_part_.pop_back();
    if (stream != streams_.end()) stream->second->part(goodbye_retry_ms());
  }
  if (!to_part_.empty()) reactor_.timers().set(parting_, now + kPartingTick);
}

// Uniform in 1000..5000, so that readers do not come back all at once.
unsigned HubCore::goodbye_retry_ms() {
  if (dice_ == 0) {
    std::array<std::uint8_t, 8> seed{};
    random_bytes(seed);
    for (const std::uint8_t byte : seed) dice_ = dice_ << 8U | byte;
    dice_ |= 1U;
  }
  dice_ ^= dice_ << 13U;
  dice_ ^= dice_ >> 7U;
  dice_ ^= dice_ << 17U;
  return 1000 + static_cast<unsigned>(dice_ % 4001);
}

}  // namespace devs
