#include "trace/flight_recorder.h"

#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "trace/pace.h"

namespace devs {
namespace {

// How long a stop request may go unnoticed while nobody publishes and the bus
// was not closed.
constexpr std::chrono::milliseconds kIdleLook{200};

// What gathers for a small batch while entries come fast: a few wake-ups fewer for each
// write, and nothing next to what a disk takes (R2).
constexpr std::chrono::microseconds kGather{100};
constexpr std::size_t kSmallBatch = 32;  // larger ones have gathered by themselves

void say_lost(Log& lines, Sequence count, Sequence from, std::string_view reason) {
  lines.error("entries_lost", {{"count", std::to_string(count)},
                               {"from", std::to_string(from)},
                               {"reason", std::string(reason)}});
}

}  // namespace

FlightRecorder::FlightRecorder(TraceStreamBus& bus, FlightLog& log, Pins* pins, Log& lines,
                               Metrics& metrics, Options options)
    : bus_(bus),
      log_(log),
      pins_(pins),
      lines_(lines),
      options_(options),
      stored_(metrics.counter("recorder_entries_total")),
      bytes_(metrics.counter("recorder_bytes_total")),
      batches_(metrics.counter("recorder_batches_total")),
      failures_(metrics.counter("recorder_failures_total")),
      lost_(metrics.counter("recorder_lost_entries_total")),
      freed_(metrics.counter("recorder_freed_segments_total")),
      failing_(metrics.gauge("recorder_failing")),
      commit_seconds_(metrics.histogram("recorder_commit_seconds", kSecondsBounds)),
      thread_([this](const std::stop_token& stop) { follow(stop); }) {
}

void FlightRecorder::follow(const std::stop_token& stop) {
  try {
    set_numbers_aside(bus_.head());
    std::vector<EntryPtr> entries;
    LogCarry carry;
    Pace pace;
    while (bus_.wait_unstored(bus_.head(), std::chrono::steady_clock::now() + kIdleLook,
                              options_.max_batch, entries, &carry)) {
      if (entries.empty() && stop.stop_requested()) break;
      if (entries.empty()) look_at_disk();
      if (!entries.empty() && !store({entries, carry}, stop)) break;
      const bool fast = pace.fast(entries.size(), std::chrono::steady_clock::now());
      if (fast && entries.size() < kSmallBatch) std::this_thread::sleep_for(kGather);
      entries.clear();
    }
    if (lost_from_ > 0) say_lost(lines_, bus_.head() - lost_from_ + 1, lost_from_, refusal_);
    Status ended = log_.sync();
    if (ended.ok() && refusal_.empty()) ended = log_.release();
    if (!ended.ok()) lines_.error("recorder_sync_failed", {{"reason", ended.message()}});
  } catch (const std::exception& broken) {  // top of a thread: what a library throws ends here
    lines_.error("recorder_died", {{"reason", broken.what()}});
    bus_.fail(Status(Code::internal, "the recorder died"));
  }
  tell_progress(true);
}

bool FlightRecorder::store(const Batch& batch, const std::stop_token& stop) {
  const bool go_on = options_.on_failure == OnFailure::go_on;
  for (;;) {
    const bool last_try = stop.stop_requested();
    // Nobody waits for a disk that refused just now.
    if (go_on && !refusal_.empty() && !last_try && std::chrono::steady_clock::now() < next_try_ &&
        give_up(batch))
      return true;
    const Status stored = try_to_store(batch);
    if (stored.ok()) {
      bus_.mark_stored(batch.last());
      if (!refusal_.empty()) say_healed(batch.first());
      set_numbers_aside(batch.last());
      tell_progress(false);
      return true;
    }
    say_refused(stored, batch.first());
    next_try_ = std::chrono::steady_clock::now() + options_.retry;
    if (go_on && give_up(batch)) return true;
    if (last_try) {
      const Sequence lost = bus_.last() - bus_.head();
      lost_.add(lost);
      say_lost(lines_, lost, batch.first(), stored.message());
      return false;
    }
    wait_for_retry(stop);
  }
}

Status FlightRecorder::try_to_store(const Batch& batch) {
  const auto begun = std::chrono::steady_clock::now();
  Status appended = log_.append(batch.entries, batch.carry, options_.durability);
  while (appended.code() == Code::resource_exhausted && log_.free_room(pins_)) {
    freed_.add();
    lines_.warn("segment_dropped_for_room", {{"oldest", std::to_string(log_.oldest())}});
    appended = log_.append(batch.entries, batch.carry, options_.durability);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  commit_seconds_.observe(took.count());
  if (!appended.ok()) {
    failures_.add();
    return appended;
  }
  std::uint64_t bytes = 0;
  for (const EntryPtr& entry : batch.entries) {
    bytes += entry->body.size() + 1;
    if (pins_ != nullptr) pins_->see(entry->sequence, entry->facts);
  }
  stored_.add(batch.entries.size());
  bytes_.add(bytes);
  batches_.add();
  return appended;
}

// Going on, nothing waits for the disk, so no entry would find out that it is well again:
// and whoever obeys `/readyz` sends none.
void FlightRecorder::look_at_disk() {
  if (lost_from_ == 0 || std::chrono::steady_clock::now() < next_try_) return;
  const Sequence next = bus_.head() + 1;
  const Status begun = log_.begin_after_gap();
  next_try_ = std::chrono::steady_clock::now() + options_.retry;
  if (begun.ok()) return say_healed(next);
  failures_.add();
  say_refused(begun, next);
}

void FlightRecorder::say_refused(const Status& why, Sequence first_unstored) {
  if (why.message() == refusal_) return;  // once per reason, not once per try
  refusal_ = why.message();
  failing_.set(1);
  bus_.fail(why, options_.on_failure);
  lines_.error("recorder_refused",
               {{"reason", why.message()}, {"first_unstored", std::to_string(first_unstored)}});
}

void FlightRecorder::say_healed(Sequence next) {
  refusal_.clear();
  failing_.set(0);
  bus_.heal();
  if (lost_from_ > 0) say_lost(lines_, next - lost_from_, lost_from_, "the disk refused them");
  lost_from_ = 0;
  lines_.info("recorder_healed", {{"from", std::to_string(next)}});
}

// The log first: a reader that fell off the ring must find the gap declared.
bool FlightRecorder::give_up(const Batch& batch) {
  if (!log_.skip(batch.last()).ok()) return false;
  bus_.mark_lost(batch.last());
  lost_.add(batch.entries.size());
  if (lost_from_ == 0) lost_from_ = batch.first();
  tell_progress(false);
  return true;
}

// What is refused here is refused again, and told, when it is needed: by give_up().
void FlightRecorder::set_numbers_aside(Sequence last) {
  if (options_.on_failure == OnFailure::go_on) static_cast<void>(log_.reserve(last));
}

void FlightRecorder::wait_for_retry(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  while (!stop.stop_requested())
    if (!changed_.wait_until(mutex_, next_try_)) return;
}

void FlightRecorder::tell_progress(bool ended) {
  MutexLock lock(mutex_);
  ended_ = ended;
  changed_.notify_all();
}

Status FlightRecorder::flush(TimePoint deadline) {
  const Sequence wanted = bus_.last();
  bool in_time = true, ended = false;
  {
    MutexLock lock(mutex_);
    while (bus_.head() < wanted && in_time && !ended_)
      in_time = changed_.wait_until(mutex_, deadline);
    ended = ended_;
  }
  const Sequence stored = bus_.head();
  if (stored >= wanted) return {};
  if (Status why = bus_.recorder_status(); !why.ok()) return why;
  const std::string lag = std::to_string(wanted - stored) + " entries are not stored yet";
  return ended ? Status(Code::unavailable, lag + ": the recorder has ended")
               : Status(Code::deadline_exceeded, lag);
}

void FlightRecorder::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  {
    MutexLock lock(mutex_);
    changed_.notify_all();
  }
  thread_.join();
}

}  // namespace devs
