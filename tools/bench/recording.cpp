#include "tools/bench/recording.h"

#include <chrono>
#include <thread>
#include <utility>

#include "trace/clock.h"
#include "trace/log.h"

namespace devs {
namespace {

// A ring is emptied in about 100 ms: waiting for a part of that costs no rate.
constexpr std::chrono::microseconds kRingWait{200};
constexpr std::chrono::seconds kFlushWithin{60};

}  // namespace

Result<std::unique_ptr<Recording>> Recording::open(const Options& options) {
  auto log = FlightLog::open({.dir = options.dir}, stderr_log(Log::Level::warn));
  if (!log.ok()) return log.status();
  return std::unique_ptr<Recording>(new Recording(std::move(*log), options.durability));
}

Recording::Recording(std::unique_ptr<FlightLog> log, Durability durability)
    : log_(std::move(log)),
      bus_(std::make_unique<TraceStreamBus>(
          TraceStreamBus::Options{.last = log_->found().last,
                                  .last_stamp_ns = log_->found().carry.last_stamp_ns,
                                  .open_from = log_->found().carry.open_from},
          system_clock())),
      recorder_(std::make_unique<FlightRecorder>(
          *bus_, *log_, nullptr, stderr_log(Log::Level::warn), metrics_,
          FlightRecorder::Options{.durability = durability})) {
}

Result<Sequence> Recording::publish(const Draft& draft, std::size_t& waits) {
  for (;;) {
    Result<Sequence> given = bus_->publish(draft);
    if (given.ok() || given.status().code() != Code::resource_exhausted) return given;
    ++waits;
    std::this_thread::sleep_for(kRingWait);
  }
}

Status Recording::close() {
  if (!recorder_) return {};
  bus_->close();
  const Status flushed = recorder_->flush(std::chrono::steady_clock::now() + kFlushWithin);
  recorder_ = nullptr;
  return flushed;
}

}  // namespace devs
