#include "orchestrator/query/trace_index.h"

#include <sys/resource.h>

#include <exception>
#include <utility>

namespace devs {
namespace {

// Behind everybody whom a person waits for; on Linux a thread's own affair.
constexpr int kNice = 10;

}  // namespace

TraceIndex::TraceIndex(Options options, const StoredLog& stored, Epoch epoch, Log& log,
                       Metrics& metrics)
    : options_(std::move(options)),
      stored_(stored),
      epoch_(std::move(epoch)),
      log_(log),
      through_metric_(metrics.counter("trace_index_through")),
      lag_metric_(metrics.counter("trace_index_lag_entries")),
      entries_metric_(metrics.counter("trace_index_entries_total")),
      batches_metric_(metrics.counter("trace_index_batches_total")),
      rebuilds_metric_(metrics.counter("trace_index_rebuilds_total")),
      failures_metric_(metrics.counter("trace_index_failures_total")),
      up_metric_(metrics.counter("trace_index_up")),
      thread_([this] { run(); }) {
}

TraceIndex::~TraceIndex() {
  stop();
}

void TraceIndex::stop() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

Status TraceIndex::status() const {
  MutexLock lock(mutex_);
  return status_;
}

bool TraceIndex::wait_through(Sequence sequence, TimePoint deadline) {
  MutexLock lock(mutex_);
  kicked_ = true;
  changed_.notify_all();
  while ((!open_ || through_ < sequence) && !stop_)
    if (!changed_.wait_until(mutex_, deadline)) break;
  return open_ && through_ >= sequence;
}

void TraceIndex::run() {
  (void)::setpriority(PRIO_PROCESS, 0, kNice);  // refused: then as everybody else
  for (bool going = true; going;) {
    options_.beside();
    Status done;
    try {
      done = work();
    } catch (const std::exception& error) {  // memory, most likely
      done = Status(Code::unavailable, error.what());
    }
    if (!done.ok()) {
      shut();
      // Damage, or a file that does not fit: opening it again decides what is kept.
      const bool spoilt = done.code() != Code::unavailable;
      readers_.close(Status(Code::unavailable, done.message()));
      writer_.reset();
      if (spoilt)
        if (Status removed = IndexWriter::remove(options_.dir / "trace.db"); !removed.ok())
          done = removed;
    }
    const bool failed = !done.ok();
    note(std::move(done));
    going = pause(failed ? options_.retry : options_.poll);
  }
  readers_.close(Status(Code::unavailable, "shutting down"));
  writer_.reset();
}

Status TraceIndex::work() {
  if (readers_.take_complaint())
    return {Code::data_loss, "the trace index is damaged and will be built anew"};
  std::error_code unknown;
  if (writer_ && !std::filesystem::exists(options_.dir / "trace.db", unknown))
    return {Code::data_loss, "the trace index was removed and will be built anew"};
  if (!writer_)
    if (Status opened = open_writer(); !opened.ok()) return opened;
  for (; !stopping(); options_.beside()) {
    const Sequence last = this->last();
    const auto trimmed = writer_->trim(stored_.oldest());
    if (!trimmed.ok()) return trimmed.status();
    const auto advanced = writer_->advance(last, options_.batch);
    if (!advanced.ok()) return advanced.status();
    if (*advanced > 0) {
      entries_metric_.add(*advanced);
      batches_metric_.add();
    }
    const Sequence through = writer_->through();
    through_metric_.set(through);
    lag_metric_.set(last > through ? last - through : 0);
    MutexLock lock(mutex_);
    through_ = through;
    open_ = true;
    changed_.notify_all();
    if (*advanced == 0 && !*trimmed) break;
  }
  return {};
}

Status TraceIndex::open_writer() {
  // SQLite is told to follow no link; the directory itself may be reached by one.
  std::error_code failed;
  const auto dir = std::filesystem::canonical(options_.dir, failed);
  if (failed)
    return {Code::unavailable, "trace index: " + options_.dir.string() + ": " + failed.message()};
  if (!lock_) {
    auto lock = DirectoryLock::take(dir / kIndexLock);
    if (!lock.ok()) return lock.status();
    lock_ = std::move(*lock);
  }
  const auto file = dir / "trace.db";
  auto writer = IndexWriter::open(file, stored_, epoch_, log_);
  if (!writer.ok()) return writer.status();
  writer_ = std::move(*writer);
  if (writer_->begun_anew()) rebuilds_metric_.add();
  readers_.open(file);
  return {};
}

void TraceIndex::note(Status status) {
  up_metric_.set(status.ok() ? 1 : 0);
  if (!status.ok()) failures_metric_.add();
  std::string told;
  {
    MutexLock lock(mutex_);
    if (status.message() != status_.message())
      told = status.ok() ? "indexing again" : status.message();
    status_ = std::move(status);
    if (told.empty()) return;
  }
  log_.warn("trace_index", {{"state", told}});
}

void TraceIndex::shut() {
  MutexLock lock(mutex_);
  open_ = false;
}

bool TraceIndex::pause(std::chrono::milliseconds at_most) {
  const TimePoint deadline = std::chrono::steady_clock::now() + at_most;
  MutexLock lock(mutex_);
  while (!stop_ && !kicked_)
    if (!changed_.wait_until(mutex_, deadline)) break;
  kicked_ = false;
  return !stop_;
}

bool TraceIndex::stopping() const {
  MutexLock lock(mutex_);
  return stop_;
}

Sequence TraceIndex::last() const {
  return options_.visible ? options_.visible() : stored_.last();
}

}  // namespace devs
