#include "trace/flight_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "trace/active_segment.h"
#include "trace/log_meta.h"
#include "trace/pins.h"
#include "trace/rolled_segment.h"
#include "trace/sealed_segment.h"
#include "trace/segment_cache.h"

namespace devs {
namespace {

constexpr std::chrono::milliseconds kLookEvery{50};

}  // namespace

FlightLog::FlightLog(Options options)
    : options_(std::move(options)),
      files_(options_.files != nullptr ? *options_.files : real_files()),
      clock_(options_.clock != nullptr ? *options_.clock : system_clock()),
      cache_(std::make_shared<SegmentCache>()),
      tables_(std::make_shared<RolledTables>()) {
}

FlightLog::~FlightLog() = default;

std::int64_t FlightLog::now_ms() const {
  const auto since_1970 = clock_.wall().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

std::shared_ptr<ActiveSegment> FlightLog::active() const {
  MutexLock lock(mutex_);
  return active_;
}

void FlightLog::take_active(std::shared_ptr<ActiveSegment> active) {
  MutexLock lock(mutex_);
  active_ = std::move(active);
}

// --- the recorder ---

bool FlightLog::is_due(const ActiveSegment& active) const {
  return active.bytes() > 0 && (active.bytes() >= options_.segment_bytes ||
                                clock_.steady() - active_since_ >= options_.segment_age);
}

Status FlightLog::append(std::span<const EntryPtr> batch, LogCarry carry, Durability durability) {
  if (batch.empty()) return {};
  auto active = this->active();
  const Sequence first = batch.front()->sequence, written = active->last();
  if (first <= std::max(written, last()))
    return {Code::internal,
            fmt::format("entry {} cannot follow entry {} of the log", first, last())};
  const bool hole = first > written + 1;
  if (Status alone = alone_here(); !alone.ok() && !hole) return alone;
  if (hole || roll_step_ != RollStep::none || active->failed() || is_due(*active)) {
    if (Status begun = begin_new(first, hole); !begun.ok()) return begun;
    active = this->active();
  }
  const bool begins = active->bytes() == 0;
  if (Status wrote = active->append(batch, carry, now_ms(), durability == Durability::synced);
      !wrote.ok())
    return wrote;
  if (begins) active_since_ = clock_.steady();
  MutexLock lock(mutex_);
  last_.store(batch.back()->sequence, std::memory_order_release);
  return {};
}

// Without its file the lock keeps nobody out.  Looked at as often as the files are.
Status FlightLog::alone_here() {
  const auto now = std::chrono::steady_clock::now();
  if (lock_ == nullptr || now - looked_ < kLookEvery) return {};
  // Where trace.log is gone as well it says so itself.
  if (!lock_->in_place(at("trace.lock")) && files_.open_read(at("trace.log")).ok())
    return {Code::unavailable,
            fmt::format("{} was deleted or replaced while in use, and another process may write "
                        "here; put it back, or restart",
                        at("trace.lock").string())};
  looked_ = now;
  return {};
}

Status FlightLog::sync() {
  Status refused;
  for (; !unsynced_.empty(); unsynced_.pop_back()) {
    for (const auto& path : {rolled_data_path(segments_dir_, unsynced_.back()),
                             rolled_index_path(segments_dir_, unsynced_.back())}) {
      const auto file = files_.open_read(path);
      if (!file.ok() && file.status().code() == Code::not_found) continue;  // sealed since
      if (!file.ok()) return file.status();
      // Told once, and not asked again: the second answer would be ok, and mean nothing.
      if (Status synced = (*file)->sync(); !synced.ok()) refused = synced;
    }
  }
  Status active = this->active()->sync();
  return refused.ok() ? active : refused;
}

Status FlightLog::roll() {
  const auto active = this->active();
  if (roll_step_ == RollStep::none && active->last() < active->base()) return {};
  return begin_new(active->last() + 1, /*hole=*/false);
}

Status FlightLog::skip(Sequence through) {
  {
    MutexLock lock(meta_mutex_);
    if (through > meta_.given_through)
      return {Code::resource_exhausted,
              fmt::format("entry {} cannot be given up: {} has numbers set aside up to {}", through,
                          at("trace.meta").string(), meta_.given_through)};
  }
  MutexLock lock(mutex_);
  last_.store(std::max(last(), through), std::memory_order_release);
  return {};
}

Status FlightLog::reserve(Sequence last) {
  MutexLock lock(meta_mutex_);
  if (meta_.given_through >= last + options_.set_aside / 2) return {};
  LogMeta meta = meta_;
  meta.given_through = last + options_.set_aside;
  return write_meta(std::move(meta));
}

Status FlightLog::release() {
  if (active()->last() < last()) return {};
  MutexLock lock(meta_mutex_);
  if (meta_.given_through == 0) return {};
  LogMeta meta = meta_;
  meta.given_through = 0;
  return write_meta(std::move(meta));
}

Status FlightLog::write_meta(LogMeta meta) {
  if (Status wrote = write_log_meta(files_, at("trace.meta"), meta); !wrote.ok()) return wrote;
  meta_ = std::move(meta);
  return {};
}

Status FlightLog::begin_after_gap() {
  return begin_new(last() + 1, /*hole=*/true);
}

Status FlightLog::begin_new(Sequence base, bool hole) {
  const auto old = active();
  const SegmentInfo info = old->info();
  bool keep = info.count > 0;
  Status there;
  if (roll_step_ == RollStep::none && !old->failed()) there = old->cut_back();
  // Whatever somebody did to the file, its lines are known one by one.
  if (hole && there.code() == Code::data_loss) there = {};
  if (there.ok()) there = alone_here();
  if (there.ok() && keep) there = move_to_segments(*old);
  if (hole && there.code() == Code::not_found) {
    there = begin_in_an_empty_directory();
    keep = false;
  }
  if (!there.ok()) return there;
  if (!keep && old->failed()) {  // not to be written to again, not even from its beginning
    const Status gone = files_.remove(at("trace.log"));
    if (!gone.ok() && gone.code() != Code::not_found) return gone;
  }

  auto begun =
      ActiveSegment::create(files_, dir_,
                            {.epoch = epoch_,
                             .base = base,
                             .previous_last = info.count > 0 ? info.last() : old->previous_last(),
                             .carry = {info.open_from, info.last_stamp_ns}});
  if (!begun.ok()) return begun.status();
  if (keep) segments_.push_back(make_rolled(files_, segments_dir_, info, tables_));
  if (keep && !old->sync_failed()) unsynced_.push_back(info.base);
  take_active(std::move(*begun));
  roll_step_ = RollStep::none;
  return {};
}

// Both old names are gone and both new ones are on disk before anything new is made: so
// that whatever a crash leaves is one of few things (finish_interrupted_roll).
Status FlightLog::move_to_segments(const ActiveSegment& old) {
  if (roll_step_ == RollStep::none) {
    if (Status made = files_.make_directory(segments_dir_); !made.ok()) return made;
    if (Status moved = files_.rename(at("trace.log"), rolled_data_path(segments_dir_, old.base()));
        !moved.ok())
      return moved;
    roll_step_ = RollStep::log_moved;
  }
  if (roll_step_ == RollStep::log_moved) {
    if (Status moved = files_.rename(at("trace.idx"), rolled_index_path(segments_dir_, old.base()));
        !moved.ok())
      return moved;
    roll_step_ = RollStep::index_moved;
  }
  if (roll_step_ == RollStep::index_moved) {
    if (Status synced = files_.sync_directory(segments_dir_); !synced.ok()) return synced;
    if (Status synced = files_.sync_directory(dir_); !synced.ok()) return synced;
    roll_step_ = RollStep::moved;
  }
  return {};
}

// Our files are not at their paths any more: somebody removed the directory, or put
// other files in their place, which stay where they can be found.
Status FlightLog::begin_in_an_empty_directory() {
  if (Status made = prepare_directory(); !made.ok()) return made;
  if (!lock_->in_place(at("trace.lock"))) {
    auto lock = DirectoryLock::take(at("trace.lock"));
    if (!lock.ok()) return lock.status();
    lock_ = std::move(*lock);
  }
  const Status aside =
      files_.rename(at("trace.log"), at(fmt::format("trace.log.torn-{}", now_ms())));
  if (!aside.ok() && aside.code() != Code::not_found) return aside;
  MutexLock lock(meta_mutex_);
  LogMeta meta = meta_;
  meta.expired_through = segments_.expired_through();
  return write_meta(std::move(meta));
}

SegmentPtr FlightLog::free_room(const Pins* pins) {
  MutexLock lock(room_mutex_);
  const auto segments = segments_.list();
  const auto is_sealed = [](const SegmentPtr& each) { return each->sealed(); };
  const auto newest = std::find_if(segments->rbegin(), segments->rend(), is_sealed);
  if (newest == segments->rend()) return nullptr;
  for (const SegmentPtr& each : *segments) {
    if (each == *newest) return nullptr;
    const SegmentInfo& info = each->info();
    if (!each->sealed() || (pins != nullptr && pins->holds(info.base, info.last()))) continue;
    // On a disk this full there may be no room for the note either: then it follows.
    const Status noted = remember_expired(info.last());
    if (!noted.ok() && noted.code() != Code::resource_exhausted) return nullptr;
    segments_.remove(info.base);
    segments_.set_expired_through(info.last());
    if (!remove_sealed(files_, segments_dir_, *each).ok()) return nullptr;
    if (!noted.ok()) [[maybe_unused]]
      const Status now = remember_expired(info.last());
    return each;
  }
  return nullptr;
}

Status FlightLog::remember_expired(Sequence through) {
  MutexLock lock(meta_mutex_);
  // With what free_room() could not note.
  through = std::max(through, segments_.expired_through());
  if (through <= meta_.expired_through) return {};
  LogMeta meta = meta_;
  meta.expired_through = through;
  if (Status wrote = write_meta(std::move(meta)); !wrote.ok()) return wrote;
  segments_.set_expired_through(through);
  return {};
}

// --- StoredLog ---

Sequence FlightLog::oldest() const {
  if (const auto segments = segments_.list(); !segments->empty())
    return segments->front()->info().base;
  MutexLock lock(mutex_);
  const Sequence base = active_->base();
  return base <= last() ? base : last() + 1;
}

ReadOutcome FlightLog::read(Sequence from, ReadLimits limits, const OnLine& on_line) const {
  from = std::max<Sequence>(from, 1);
  std::shared_ptr<ActiveSegment> active;
  Sequence last = 0;
  {
    MutexLock lock(mutex_);
    active = active_;
    last = this->last();
  }
  if (from > last) return {from, {}};

  Sequence at = from;
  std::size_t bytes = 0;
  if (at < active->base()) {
    const ReadOutcome read = segments_.read(at, active->base(), active->previous_last(), limits,
                                            [&](const StoredLine& line) {
                                              bytes += line.body.size();
                                              on_line(line);
                                            });
    const auto taken = static_cast<std::size_t>(read.next - from);
    if (read.loss || read.next < active->base() || taken >= limits.entries || bytes >= limits.bytes)
      return read;
    at = read.next;
    limits.entries -= taken;
    limits.bytes -= bytes;
  }
  const Sequence through = std::min(last, active->last());
  if (at > through) {
    if (at > from || at > last) return {at, {}};
    return {last + 1, Loss{at, last, LossReason::recorder}};
  }
  const ReadOutcome read = active->read(at, through, limits, on_line);
  if (read.loss && at > from) return {at, {}};  // told when it is asked for
  return read;
}

Sequence FlightLog::first_since(std::int64_t ms) const {
  if (const Sequence first = segments_.first_since(ms); first > 0) return first;
  MutexLock lock(mutex_);
  return std::min(active_->first_since(ms), last() + 1);
}

}  // namespace devs
