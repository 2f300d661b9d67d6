#include "trace/segment_keeper.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "trace/log_listing.h"
#include "trace/sealed_segment.h"
#include "trace/segment_sealer.h"

namespace devs {
namespace {

// A disk that refuses is asked again after this long at the latest.
constexpr std::chrono::milliseconds kLongestPause{60'000};
constexpr int kNice = 10;

// Compressing takes what nobody else wants.  Refused: then not.
void lower_priority() {
  const sched_param none{};
  static_cast<void>(::sched_setscheduler(0, SCHED_BATCH, &none));  // this thread only
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice));
}

}  // namespace

SegmentKeeper::SegmentKeeper(FlightLog& flight, Pins& pins, const Clock& clock, Log& log,
                             Metrics& metrics, Options options)
    : flight_(flight),
      pins_(pins),
      clock_(clock),
      log_(log),
      options_(options),
      rolled_(metrics.counter("segments_rolled")),
      sealed_(metrics.counter("segments_sealed")),
      disk_bytes_(metrics.counter("segments_disk_bytes")),
      dropped_(metrics.counter("segments_dropped_total")),
      dropped_entries_(metrics.counter("segments_dropped_entries_total")),
      failures_(metrics.counter("segments_failures_total")),
      sealer_(flight, options.zstd_level),
      thread_([this](const std::stop_token& stop) { follow(stop); }) {
}

void SegmentKeeper::wake() {
  MutexLock lock(mutex_);
  ++asked_;
  changed_.notify_all();
}

bool SegmentKeeper::settle(TimePoint deadline) {
  MutexLock lock(mutex_);
  const std::uint64_t wanted = ++asked_;
  changed_.notify_all();
  while (!ended_ && !(done_ >= wanted && clean_))
    if (!changed_.wait_until(mutex_, deadline)) break;
  return done_ >= wanted && clean_;
}

void SegmentKeeper::stop() {
  thread_.request_stop();
  {
    MutexLock lock(mutex_);
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void SegmentKeeper::follow(const std::stop_token& stop) {
  lower_priority();
  sweep();
  auto pause = options_.look_every;
  for (;;) {
    std::uint64_t round = 0;
    {
      MutexLock lock(mutex_);
      round = asked_;
    }
    const bool clean = look(stop);
    pause = clean ? options_.look_every : std::min(2 * pause, kLongestPause);
    const auto list = flight_.segments().list();
    const bool more = clean && !list->empty() && !list->back()->sealed();

    MutexLock lock(mutex_);
    done_ = round;
    clean_ = clean;
    ended_ = stop.stop_requested();
    changed_.notify_all();
    const auto next = std::chrono::steady_clock::now() + (more ? pause.zero() : pause);
    while (!ended_ && asked_ == round && changed_.wait_until(mutex_, next))
      ended_ = stop.stop_requested();
    ended_ = ended_ || stop.stop_requested();
    if (!ended_) continue;
    changed_.notify_all();
    return;
  }
}

bool SegmentKeeper::look(const std::stop_token& stop) {
  const bool saved = verdict("pins_not_saved", pins_.save());
  // What free_room() dropped on a disk too full for the note.
  const bool noted = verdict("expired_not_noted", flight_.remember_expired(0));
  const bool sealed = seal_all(stop);
  const bool kept = apply_retention();
  count();
  return saved && noted && sealed && kept;
}

// What is rolled meanwhile waits for the next round: behind a writer who is faster than
// sealing, retention still has its turn.
bool SegmentKeeper::seal_all(const std::stop_token& stop) {
  const auto list = flight_.segments().list();
  const Sequence newest = list->empty() ? 0 : list->back()->info().base;
  for (;;) {
    auto sealed = sealer_.seal_oldest(stop);
    // Sealing gives back more than it takes, so it comes before the past.
    while (!sealed.ok() && sealed.status().code() == Code::resource_exhausted && free_room())
      sealed = sealer_.seal_oldest(stop);
    if (!sealed.ok() && sealed.status().code() == Code::cancelled) return false;
    if (!verdict("segment_not_sealed", sealed.ok() ? Status() : sealed.status())) return false;
    if (*sealed == nullptr) return true;
    const SegmentInfo& info = (*sealed)->info();
    if (info.lost > 0)
      log_.error("segment_sealed_with_losses",
                 {{"base", std::to_string(info.base)},
                  {"lost", std::to_string(info.lost)},
                  {"kept_in", (flight_.directory() / "quarantine").string()}});
    if (info.base >= newest) return true;
  }
}

bool SegmentKeeper::free_room() {
  const SegmentPtr gone = flight_.free_room(&pins_);
  if (gone == nullptr) return false;
  dropped_.add();
  dropped_entries_.add(gone->info().count);
  log_.warn("segment_dropped_for_room", {{"oldest", std::to_string(flight_.oldest())}});
  return true;
}

bool SegmentKeeper::apply_retention() {
  const Retention& keep = options_.retention;
  const auto list = flight_.segments().list();
  std::uint64_t bytes = 0, entries = 0;
  for (const SegmentPtr& each : *list) {
    bytes += each->info().disk_bytes;
    entries += each->info().count;
  }
  const auto now_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall().time_since_epoch())
          .count();
  const auto age_ms = std::chrono::milliseconds(keep.age).count();
  std::uint64_t dropped = 0;
  Sequence through = 0;
  bool done = true;
  for (const SegmentPtr& each : *list) {
    const SegmentInfo& info = each->info();
    if (!each->sealed()) break;  // and all that follow
    if (pins_.holds(info.base, info.last())) continue;
    // A time that is not known makes nobody old.
    const bool old = age_ms > 0 && info.last_ms > 0 && now_ms - info.last_ms > age_ms;
    if (!old && !(keep.bytes > 0 && bytes > keep.bytes) &&
        !(keep.entries > 0 && entries > keep.entries))
      break;
    done = drop(*each);
    if (!done) break;
    bytes -= info.disk_bytes;
    entries -= info.count;
    ++dropped;
    dropped_.add();
    dropped_entries_.add(info.count);
    through = info.last();
  }
  if (dropped > 0)
    log_.warn("segments_dropped", {{"count", std::to_string(dropped)},
                                   {"through", std::to_string(through)},
                                   {"bytes_kept", std::to_string(bytes)}});
  return done;
}

// Noted first: what is missing then is known to be expired, whenever the power fails.
bool SegmentKeeper::drop(const Segment& segment) {
  Status dropped = flight_.remember_expired(segment.info().last());
  if (dropped.ok()) {
    flight_.segments().remove(segment.info().base);
    dropped = remove_sealed(flight_.files(), flight_.segments_directory(), segment);
  }
  return verdict("segment_not_dropped", dropped);
}

// What a seal that a crash interrupted left beside the segments.
void SegmentKeeper::sweep() {
  const auto names = flight_.files().list(flight_.segments_directory());
  if (!names.ok()) return;
  bool removed = false;
  for (const std::string& name : *names) {
    const std::string_view whole = name;
    if (!whole.ends_with(".ndjson.zst.new") && !whole.ends_with(".json.new")) continue;
    const Status gone = flight_.files().remove(flight_.segments_directory() / name);
    removed = removed || gone.ok();
    if (!gone.ok()) log_.warn("leftover_not_removed", {{"file", name}, {"reason", gone.message()}});
  }
  // Refused: then they are back after a power cut, and swept again.
  if (removed) static_cast<void>(flight_.files().sync_directory(flight_.segments_directory()));
}

void SegmentKeeper::count() {
  std::uint64_t rolled = 0, sealed = 0, bytes = 0;
  const auto list = flight_.segments().list();
  for (const SegmentPtr& each : *list) {
    ++(each->sealed() ? sealed : rolled);
    bytes += each->info().disk_bytes;
  }
  rolled_.set(rolled);
  sealed_.set(sealed);
  disk_bytes_.set(bytes);
}

bool SegmentKeeper::verdict(const char* what, const Status& status) {
  if (!status.ok()) {
    failures_.add();
    if (complaints_.insert(what).second)
      log_.warn(what, {{"reason", status.message()}, {"then", "tried again later"}});
  } else if (complaints_.erase(what) > 0) {
    log_.info("segments_well_again", {{"after", what}});
  }
  return status.ok();
}

}  // namespace devs
