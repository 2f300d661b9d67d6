#include "orchestrator/streams/hub_core.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "orchestrator/streams/stream_reader.h"
#include "trace/random.h"

namespace devs {
namespace {

constexpr std::size_t kWakeSlice = 512;   // readers woken per turn
constexpr std::size_t kBusyReaders = 32;  // fewer: gathering would only add delay
// Entries gather for as long as sending to one reader takes, times readers.
constexpr std::chrono::microseconds kGatherPerReader(2);
constexpr std::chrono::microseconds kMaxGather(1000);
// A right that is gone is noticed so late at most; 30 s are allowed (streams 2.2).
constexpr std::chrono::seconds kRecheckPeriod(10);
constexpr std::size_t kNonceBytes = 4;  // a stream id of another process finds nobody

// Readers wait in the order of their positions: the first that has nothing to fetch
// is followed by none that has.
StreamReader* first_due(StreamGroup& group) {
  const WaitLink* const first = group.waiting.front();
  return first != nullptr && first->reader->due_before(group.last_match) ? first->reader : nullptr;
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
      metrics_(metrics),
      admissions_(std::make_shared<Admissions>(Admissions::Options{
          .max_clients = options.max_clients, .max_per_principal = options.max_per_principal})),
      began_(reactor.now()),
      nonce_(random_hex(kNonceBytes)),
      window_(bus, *projector_, metrics),
      timeline_(window_.looked(), reactor.now()),
      lag_(metrics),
      replay_(std::make_shared<ReplayDesk>(bus, log_, projector_, lag_, reactor, workers, metrics)),
      gather_(reactor, [this] { look(); }),
      recheck_([this] { recheck(); }),
      farewell_(reactor, [this](std::uint64_t reader, unsigned retry_ms) {
        if (StreamReader* const stream = find(reader)) stream->part(retry_ms);
      }) {
}

void HubCore::start() {
  bus_.attach(bell_);
  reactor_.attach(bell_, [hub = weak_from_this()] {
    if (const auto here = hub.lock()) here->on_bell();
  });
}

std::int64_t HubCore::uptime_s() const {
  return std::chrono::duration_cast<std::chrono::seconds>(reactor_.clock().steady() - began_)
      .count();
}

std::string HubCore::fill(std::string_view frames, const StreamProfile& profile) const {
  if (frames.find('<') == std::string_view::npos) return std::string(frames);
  const auto now = reactor_.clock().wall().time_since_epoch();
  return fill_frames(
      frames,
      {.clients = readers_of(profile.key),
       .uptime_s = uptime_s(),
       .now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
       .uuid = frames.find("<uuid>") == std::string_view::npos ? std::string()
                                                               : new_uuid_v7(reactor_.clock())});
}

std::string HubCore::stream_id(std::uint64_t reader) const {
  return nonce_ + '-' + std::to_string(reader);
}

void HubCore::ask(std::string stream_id, Then then) {
  reactor_.post([hub = weak_from_this(), id = std::move(stream_id),
                 then = std::move(then)]() mutable {
    const auto here = hub.lock();
    if (!here) return;
    StreamReader* stream = nullptr;
    if (id.starts_with(here->nonce_ + '-')) {
      std::uint64_t reader = 0;
      const char* const end = id.data() + id.size();
      const auto [stop, error] = std::from_chars(id.data() + here->nonce_.size() + 1, end, reader);
      if (error == std::errc() && stop == end) stream = here->find(reader);
    }
    then(*here, stream);
  });
}

// --- streams (reactor) ---

StreamReader* HubCore::find(std::uint64_t reader) const {
  const auto found = streams_.find(reader);
  return found == streams_.end() ? nullptr : found->second;
}

std::vector<std::uint64_t> HubCore::open_streams() const {
  std::vector<std::uint64_t> ids;
  ids.reserve(streams_.size());
  for (const auto& [id, stream] : streams_) ids.push_back(id);
  return ids;
}

GroupPtr HubCore::place(const Filter& filter, const StreamProfile& profile, bool chunked,
                        Sequence next, bool timed) {
  TopicIndex& groups = window_.groups();
  const StreamView view{.projection = projector_->find(profile.projection),
                        .ends = profile.ends.empty() ? nullptr : &profile.ends,
                        .chunked = chunked};
  if (timed) return groups.apart(filter, view);
  // A reader may know of entries we have not looked at.  Invariant: nobody stands
  // further than one past what was looked at.
  while (window_.looked() + 1 < next && look_at_bus()) {
  }
  if (!found_.empty()) look_once();
  return groups.join(filter, view, window_.looked());
}

GroupPtr HubCore::join(StreamReader& reader, const Filter& filter, const StreamProfile& profile,
                       bool chunked, Sequence next, bool timed) {
  streams_.emplace(reader.id(), &reader);
  if (reader.principal().grant && options_.recheck) {
    granted_.insert(reader.id());
    if (!recheck_.armed()) reactor_.timers().set(recheck_, reactor_.now() + kRecheckPeriod);
  }
  return place(filter, profile, chunked, next, timed);
}

// The grants of all streams that came with one: none of them has a timer of its own.
void HubCore::recheck() {
  const std::vector<std::uint64_t> granted(granted_.begin(), granted_.end());
  for (const std::uint64_t id : granted) {
    StreamReader* const stream = find(id);
    if (stream == nullptr) continue;
    if (const auto over = options_.recheck(stream->principal())) stream->evict(*over);
  }
  if (!granted_.empty()) reactor_.timers().set(recheck_, reactor_.now() + kRecheckPeriod);
}

GroupPtr HubCore::regroup(StreamReader& reader, const GroupPtr& from, const Filter& filter,
                          const StreamProfile& profile, bool chunked, Sequence next, bool timed) {
  replay_->cancel(reader.id());
  GroupPtr to = place(filter, profile, chunked, next, timed);
  window_.groups().leave(from);
  return to;
}

void HubCore::leave(StreamReader& reader, const GroupPtr& group) {
  replay_->leave(reader.id());
  streams_.erase(reader.id());
  granted_.erase(reader.id());
  window_.groups().leave(group);
}

void HubCore::fetch(StreamReader& reader, const GroupPtr& group, Sequence next, Sequence through,
                    bool stamped) {
  replay_->fetch(reader.id(), group, next, through, stamped,
                 [this](std::uint64_t id, FrameBatchPtr got) {
                   if (StreamReader* const stream = find(id)) stream->take_fetched(std::move(got));
                 });
}

Supply HubCore::supply(StreamReader& reader, const GroupPtr& group, Sequence& next,
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
        fetch(reader, group, next, window_.looked(), false);
        return Supply::later;
      }
    }
    taken = FrameBatch::take(batch, next, max_bytes);
    if (taken.slice.size > 0) return Supply::frames;
  }
  reactor_.post([hub = weak_from_this(), id = reader.id()] {
    if (const auto here = hub.lock())
      if (StreamReader* const stream = here->find(id)) stream->wake();
  });
  return Supply::later;
}

Sequence HubCore::position(const StreamGroup& group, Sequence next) const {
  const bool caught_up = next >= window_.live_from(group) && !group.find(next);
  return caught_up ? std::max(window_.looked(), next - 1) : next - 1;
}

ReaderState HubCore::state_at(const StreamGroup& group, Sequence next) const {
  if (next >= window_.live_from(group)) return ReaderState::live;
  return next >= bus_.oldest() ? ReaderState::ring : ReaderState::disk;
}

void HubCore::measure(Sequence position, ReaderReport& report) const {
  const Sequence head = bus_.head();
  report.lag_entries = head - std::min(head, position);
  if (report.lag_entries == 0) return;
  report.lag_bytes = timeline_.bytes_after(position);
  report.lag = std::chrono::duration_cast<std::chrono::milliseconds>(
      timeline_.age_of(position + 1, reactor_.now()));
}

// --- the bus moved (reactor) ---

void HubCore::on_bell() {
  if (window_.looked() == bus_.head()) return;  // rung for what a look found meanwhile
  // Many readers and fast entries: what comes within this millisecond goes out in
  // the same sends.  A quiet house waits for nothing.
  if (last_woken_ >= kBusyReaders) {
    const auto gather =
        std::min(kMaxGather, kGatherPerReader * static_cast<std::int64_t>(last_woken_));
    const auto passed =
        std::chrono::duration_cast<std::chrono::microseconds>(reactor_.now() - last_look_);
    if (passed < gather) {
      if (!gather_.armed()) metrics_.gathers.add();
      return gather_.arm(gather - passed);
    }
  }
  look();
}

void HubCore::look() {
  const bool more = look_at_bus();
  last_look_ = reactor_.now();
  look_once();
  if (more && window_.looked() < bus_.head()) bell_.ring();
}

bool HubCore::look_at_bus() {
  if (!window_.look(found_, reactor_.now())) return false;
  timeline_.mark(window_.looked(), window_.looked_bytes(), reactor_.now());
  return true;
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
  for (std::size_t left = kWakeSlice; !due_.empty();) {
    if (left == 0) {
      waking_ = true;
      reactor_.post([hub = weak_from_this()] {
        if (const auto here = hub.lock()) here->wake_some();
      });
      return;
    }
    GroupPtr group = std::move(due_.front());
    due_.pop_front();
    StreamReader* reader = first_due(*group);
    for (; left > 0 && reader != nullptr; --left, reader = first_due(*group)) reader->wake_due();
    // A slice for a large group, then the others have theirs: entries may come to it
    // faster than it can be woken.
    if (reader != nullptr) {
      due_.push_back(std::move(group));
    } else {
      group->due = false;
    }
  }
}

// --- the end ---

void HubCore::goodbye(std::chrono::milliseconds spread) {
  closed_.store(true, std::memory_order_release);
  reactor_.post([hub = weak_from_this(), spread] {
    if (const auto here = hub.lock()) here->farewell_.begin(here->open_streams(), spread);
  });
}

}  // namespace devs
