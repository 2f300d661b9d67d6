#include "trace/flight_recorder.h"

#include <exception>
#include <string>
#include <vector>

namespace devs {
namespace {

// How long a stop request may go unnoticed while nobody publishes and the bus
// was not closed.
constexpr std::chrono::milliseconds kIdleLook{200};

}  // namespace

FlightRecorder::FlightRecorder(TraceStreamBus& bus, FlightLog& log, Pins*,
                               Log& lines, Metrics& metrics, Options options)
    : bus_(bus),
      log_(log),
      lines_(lines),
      options_(options),
      stored_(metrics.counter("recorder_entries_total")),
      batches_(metrics.counter("recorder_batches_total")),
      failures_(metrics.counter("recorder_failures_total")),
      thread_([this](const std::stop_token& stop) { follow(stop); }) {
}

void FlightRecorder::follow(const std::stop_token& stop) {
  try {
    std::vector<EntryPtr> batch;
    while (bus_.wait_unstored(bus_.head(), std::chrono::steady_clock::now() + kIdleLook,
                              options_.max_batch, batch)) {
      if (batch.empty() && stop.stop_requested()) break;
      if (!batch.empty() && !store(batch, stop)) break;
      batch.clear();
    }
    if (Status synced = log_.sync(); !synced.ok())
      lines_.error("recorder_sync_failed", {{"reason", synced.message()}});
  } catch (const std::exception&
               broken) {  // top of a thread: what a library throws ends here
    lines_.error("recorder_died", {{"reason", broken.what()}});
    bus_.fail(Status(Code::internal, "the recorder died"));
  }
  tell_progress(true);
}

bool FlightRecorder::store(std::span<const EntryPtr> batch,
                           const std::stop_token& stop) {
  for (std::string told;;) {
    const bool last_try = stop.stop_requested();
    const Status appended = log_.append(batch, {});
    if (appended.ok()) {
      stored_.add(batch.size());
      batches_.add();
      bus_.mark_stored(batch.back()->sequence);
      if (!told.empty()) {
        bus_.heal();
        lines_.info("recorder_healed",
                    {{"through", std::to_string(batch.back()->sequence)}});
      }
      tell_progress(false);
      return true;
    }

    failures_.add();
    if (appended.message() != told) {  // once per reason, not once per try
      bus_.fail(appended);
      lines_.error("recorder_refused",
                   {{"reason", appended.message()},
                    {"first_unstored", std::to_string(batch.front()->sequence)}});
      told = appended.message();
    }
    if (last_try) {
      lines_.error("entries_lost",
                   {{"count", std::to_string(bus_.last() - bus_.head())},
                    {"from", std::to_string(batch.front()->sequence)},
                    {"reason", appended.message()}});
      return false;
    }
    wait_for_retry(stop);
  }
}

void FlightRecorder::wait_for_retry(const std::stop_token& stop) {
  const TimePoint again = std::chrono::steady_clock::now() + options_.retry;
  MutexLock lock(mutex_);
  while (!stop.stop_requested())
    if (!changed_.wait_until(mutex_, again)) return;
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
  const std::string lag =
      std::to_string(wanted - stored) + " entries are not stored yet";
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
