#include "trace/trace_stream_bus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>

namespace devs {
namespace {

// Stamps have exactly 19 digits, whatever the machine's clock says (SAOP 5),
// and room to count on: the upper end is the year 2255.
constexpr std::int64_t kSmallestStamp = 1'000'000'000'000'000'000;
constexpr std::int64_t kLargestStart = 9'000'000'000'000'000'000;

std::int64_t wall_ns(const Clock& clock) {
  const auto since_1970 = clock.wall().time_since_epoch();
  const std::int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(since_1970).count();
  return std::clamp(now, kSmallestStamp, kLargestStart);
}

void write_stamp(std::string& body, std::size_t at, std::int64_t stamp) {
  for (std::size_t digit = kStampDigits; digit > 0; --digit, stamp /= 10)
    body[at + digit - 1] = static_cast<char>('0' + stamp % 10);
}

Status closed_status() {
  return {Code::unavailable, "the trace is closed: the server is stopping"};
}

}  // namespace

// --- reservations ---

TraceStreamBus::Reservation& TraceStreamBus::Reservation::operator=(Reservation&& other) noexcept {
  if (this != &other) {
    if (bus_ != nullptr) bus_->give_back();
    bus_ = std::exchange(other.bus_, nullptr);
    first_ = other.first_;
  }
  return *this;
}

TraceStreamBus::Reservation::~Reservation() {
  if (bus_ != nullptr) bus_->give_back();
}

void TraceStreamBus::give_back() {
  MutexLock lock(mutex_);
  --reserved_;
}

// --- publishers ---

TraceStreamBus::TraceStreamBus(Options options, const Clock& clock)
    : options_(options),
      clock_(clock),
      wall_at_start_ns_(wall_ns(clock)),
      steady_at_start_(clock.steady()),
      head_(options.last),
      last_(options.last),
      stored_(options.last),
      last_stamp_ns_(std::clamp<std::int64_t>(options.last_stamp_ns, 0, kLargestStart)),
      open_from_(options.open_from) {
}

std::int64_t TraceStreamBus::stamp_at(TimePoint now) const {
  const Duration passed = now - steady_at_start_;
  return wall_at_start_ns_ + std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count();
}

Result<TraceStreamBus::Pending> TraceStreamBus::prepare(Draft draft) {
  if (draft.body.find('\n') != std::string::npos)
    return Status(Code::internal, "an entry is one line; this one has a line end inside");
  if (draft.stamp_at &&
      (draft.body.size() < kStampDigits || *draft.stamp_at > draft.body.size() - kStampDigits))
    return Status(Code::internal, "the stamp of an entry lies outside its body");
  auto entry = std::make_shared<Entry>();
  entry->body = std::move(draft.body);
  entry->facts = std::move(draft.facts);
  entry->topics = std::move(draft.topics);
  return Pending{std::move(entry), draft.stamp_at};
}

Result<Sequence> TraceStreamBus::publish(Draft draft) {
  auto pending = prepare(std::move(draft));
  if (!pending.ok()) return pending.status();
  return enter({&*pending, 1}, 1, nullptr);
}

Result<Sequence> TraceStreamBus::publish_all(std::vector<Draft> drafts) {
  assert(!drafts.empty());
  std::vector<Pending> all;
  all.reserve(drafts.size());
  for (Draft& draft : drafts) {
    auto pending = prepare(std::move(draft));
    if (!pending.ok()) return pending.status();
    all.push_back(std::move(*pending));
  }
  return enter(all, all.size(), nullptr);
}

Result<std::pair<Sequence, TraceStreamBus::Reservation>> TraceStreamBus::publish_and_reserve(
    Draft draft) {
  std::vector<Draft> one;
  one.push_back(std::move(draft));
  return publish_all_and_reserve(std::move(one));
}

Result<std::pair<Sequence, TraceStreamBus::Reservation>> TraceStreamBus::publish_all_and_reserve(
    std::vector<Draft> drafts) {
  assert(!drafts.empty());
  std::vector<Pending> all;
  for (Draft& draft : drafts) {
    auto pending = prepare(std::move(draft));
    if (!pending.ok()) return pending.status();
    all.push_back(std::move(*pending));
  }
  auto given = enter(all, all.size() + 1, nullptr);
  if (!given.ok()) return given.status();
  return std::pair(*given, Reservation(this, *given));
}

Result<Sequence> TraceStreamBus::publish_reserved(Draft draft, Reservation place) {
  assert(place.bus_ == this);
  auto pending = prepare(std::move(draft));
  if (!pending.ok()) return pending.status();
  return enter({&*pending, 1}, 0, &place);
}

// `places` are asked for; those that `pending` does not fill stay reserved.
Result<Sequence> TraceStreamBus::enter(std::span<Pending> pending, std::size_t places,
                                       Reservation* place) {
  std::size_t bytes = 0;
  for (const Pending& each : pending) bytes += each.entry->body.size();
  const TimePoint now = clock_.steady();

  std::array<EntryPtr, 4> grave;
  bool wake = false;
  Sequence first = 0;
  {
    MutexLock lock(mutex_);
    if (place != nullptr) {
      if (closed_) return refused(closed_status());
      if (std::exchange(place->bus_, nullptr) != nullptr) --reserved_;
      open_.erase(place->first_);
    } else {
      if (Status admitted = admit(places, bytes); !admitted.ok())
        return refused(std::move(admitted));
      reserved_ += places - pending.size();
      if (places > pending.size()) open_.insert(last_ + 1);
    }
    first = last_ + 1;
    for (Pending& each : pending) append(std::move(each), now);
    forget_stored(grave);
    wake = std::exchange(recorder_waits_, false);
  }
  if (wake) unstored_.notify_one();
  return first;
}

Status TraceStreamBus::admit(std::size_t places, std::size_t bytes) const {
  if (closed_) return closed_status();
  return refuses() ? recorder_ : room_for(places, bytes);
}

Status TraceStreamBus::room_for(std::size_t places, std::size_t bytes) const {
  const auto waiting = static_cast<std::size_t>(last_ - stored_);
  if (waiting + reserved_ + places > options_.ring_entries)
    return {Code::resource_exhausted,
            fmt::format("the trace is full: {} entries wait for the disk and {} places are "
                        "promised, of {}; {} more asked for",
                        waiting, reserved_, options_.ring_entries, places)};
  if (unstored_bytes_ + bytes > options_.ring_bytes)
    return {Code::resource_exhausted,
            fmt::format("the trace is full: {} bytes wait for the disk, of {}; {} more "
                        "asked for",
                        unstored_bytes_, options_.ring_bytes, bytes)};
  return {};
}

Status TraceStreamBus::refused(Status why) {
  ++(why.code() == Code::resource_exhausted ? refused_full_ : refused_unavailable_);
  return why;
}

void TraceStreamBus::append(Pending pending, TimePoint now) {
  Entry& entry = *pending.entry;
  entry.published_at = now;
  entry.sequence = ++last_;
  if (pending.stamp_at) {
    last_stamp_ns_ = std::max(last_stamp_ns_ + 1, stamp_at(now));
    write_stamp(entry.body, *pending.stamp_at, last_stamp_ns_);
    entry.facts.timestamp_ns = last_stamp_ns_;  // what facts_of() finds in the log
  }
  ring_bytes_ += entry.body.size();
  unstored_bytes_ += entry.body.size();
  ring_.push_back(std::move(pending.entry));
}

void TraceStreamBus::forget_stored(std::span<EntryPtr> grave) {
  std::size_t buried = 0;
  while ((ring_.size() > options_.ring_entries || ring_bytes_ > options_.ring_bytes) &&
         ring_.front()->sequence <= stored_) {
    ring_bytes_ -= ring_.front()->body.size();
    if (buried < grave.size()) grave[buried++] = std::move(ring_.front());
    ring_.pop_front();
  }
}

// --- readers ---

Sequence TraceStreamBus::first_in_ring() const {
  return last_ + 1 - ring_.size();
}

Sequence TraceStreamBus::head() const {
  return head_.load(std::memory_order_acquire);
}

Sequence TraceStreamBus::oldest() const {
  MutexLock lock(mutex_);
  return first_in_ring();
}

TraceStreamBus::Read TraceStreamBus::read(Sequence from, std::size_t max_entries,
                                          std::size_t max_bytes, std::vector<EntryPtr>& out) const {
  from = std::max<Sequence>(from, 1);
  if (from > head()) return Read::at_head;
  MutexLock lock(mutex_);
  const Sequence first = first_in_ring();
  if (from < first) return Read::behind;
  std::size_t taken = 0, bytes = 0;
  for (Sequence wanted = from; wanted <= stored_; ++wanted, ++taken) {
    const EntryPtr& entry = ring_[static_cast<std::size_t>(wanted - first)];
    bytes += entry->body.size();
    if (taken > 0 && (taken >= max_entries || bytes > max_bytes)) break;
    out.push_back(entry);
  }
  return Read::entries;
}

void TraceStreamBus::attach(Bell& bell) {
  MutexLock lock(mutex_);
  bells_.push_back(&bell);
}

void TraceStreamBus::ring(const std::vector<Bell*>& bells) {
  for (Bell* const bell : bells) bell->ring();
}

// --- the recorder ---

bool TraceStreamBus::wait_unstored(Sequence after, TimePoint deadline, std::size_t max_entries,
                                   std::vector<EntryPtr>& out, LogCarry* carry) {
  MutexLock lock(mutex_);
  while (last_ <= std::max(after, stored_) && !closed_) {
    recorder_waits_ = true;
    if (!unstored_.wait_until(mutex_, deadline)) break;
  }
  recorder_waits_ = false;
  const Sequence begin = std::max(after, stored_) + 1;
  if (begin > last_) return !closed_;
  const auto skip = static_cast<std::size_t>(begin - first_in_ring());
  const std::size_t count = std::min(ring_.size() - skip, max_entries);
  const auto from = ring_.begin() + static_cast<std::ptrdiff_t>(skip);
  out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(count));
  // A last word may still be in the ring behind this batch: only one that takes all
  // that was published knows which stories have their end.
  if (begin + count > last_)
    open_from_ = std::max(open_from_, open_.empty() ? last_ + 1 : *open_.begin());
  if (carry != nullptr) *carry = {open_from_, last_stamp_ns_};
  return true;
}

void TraceStreamBus::mark_stored(Sequence through) {
  std::vector<Bell*> bells;
  {
    MutexLock lock(mutex_);
    through = std::min(through, last_);
    if (through <= stored_) return;
    const Sequence first = first_in_ring();
    for (Sequence each = stored_ + 1; each <= through; ++each)
      unstored_bytes_ -= ring_[static_cast<std::size_t>(each - first)]->body.size();
    stored_ = through;
    head_.store(through, std::memory_order_release);
    forget_stored({});  // reserved entries may have overfilled the ring
    bells = bells_;
  }
  ring(bells);
}

void TraceStreamBus::fail(const Status& why, OnFailure on_failure) {
  assert(!why.ok());
  std::vector<Bell*> bells;
  {
    MutexLock lock(mutex_);
    on_failure_ = on_failure;
    recorder_ = {Code::unavailable, why.message()};
    bells = bells_;
  }
  ring(bells);
}

void TraceStreamBus::heal() {
  std::vector<Bell*> bells;
  {
    MutexLock lock(mutex_);
    if (recorder_.ok()) return;
    recorder_ = Status();
    bells = bells_;
  }
  ring(bells);
}

Status TraceStreamBus::recorder_status() const {
  MutexLock lock(mutex_);
  return recorder_;
}

Status TraceStreamBus::refusal() const {
  MutexLock lock(mutex_);
  return refuses() ? recorder_ : Status();
}

// --- health ---

TraceStreamBus::Report TraceStreamBus::report() const {
  const TimePoint now = clock_.steady();
  MutexLock lock(mutex_);
  Report report{.ring_entries = ring_.size(),
                .ring_bytes = ring_bytes_,
                .unstored_entries = static_cast<std::size_t>(last_ - stored_),
                .unstored_bytes = unstored_bytes_,
                .room = room_for(1, 1),
                .published = last_ - options_.last,
                .refused_full = refused_full_,
                .refused_unavailable = refused_unavailable_};
  if (last_ > stored_) {
    const EntryPtr& oldest = ring_[static_cast<std::size_t>(stored_ + 1 - first_in_ring())];
    report.oldest_unstored = std::max(now - oldest->published_at, Duration::zero());
  }
  return report;
}

// --- end ---

void TraceStreamBus::close() {
  std::vector<Bell*> bells;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    closed_ = true;
    bells = bells_;
  }
  unstored_.notify_all();
  ring(bells);
}

bool TraceStreamBus::closed() const {
  MutexLock lock(mutex_);
  return closed_;
}

Sequence TraceStreamBus::last() const {
  MutexLock lock(mutex_);
  return last_;
}

}  // namespace devs
