#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

#include "orchestrator/query/index_readers.h"
#include "orchestrator/query/index_writer.h"
#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/file.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/mutex.h"
#include "trace/stored_log.h"

namespace devs {

// Keeps `trace.db` a fraction of a second behind the log.
//
// One thread reads the log and writes SQLite; it yields to everybody else.  Streams,
// recording and recovery do not know it: when it fails, questions are answered with
// the reason, the metrics say so, and it tries again.
//
// Metrics: trace_index_through, trace_index_lag_entries, trace_index_entries_total,
// trace_index_batches_total, trace_index_rebuilds_total, trace_index_failures_total,
// trace_index_up.
class TraceIndex {
 public:
  struct Options {
    std::filesystem::path dir = ".devs";  // `trace.db` lies in it
    // The last entry that may be shown (the bus's head); empty: whatever is stored.
    std::function<Sequence()> visible = {};
    std::chrono::milliseconds poll{100};     // how far behind the log it may be
    std::chrono::milliseconds retry{1'000};  // after a refusal of the disk
    IndexWriter::Batch batch = {};
    // Called by the same thread between two batches: what else follows the log at its
    // leisure.  Does not throw.
    std::function<void()> beside = [] {};
  };

  // REQUIRES: `stored`, `log`, `metrics` and what `visible` asks outlive this.
  TraceIndex(Options options, const StoredLog& stored, Epoch epoch, Log& log, Metrics& metrics);
  ~TraceIndex();
  TraceIndex(const TraceIndex&) = delete;
  TraceIndex& operator=(const TraceIndex&) = delete;

  // The thread ends after its batch; what it did not reach it will at the next start.
  // Questions are refused from now on.  Idempotent.
  void stop() DEVS_EXCLUDES(mutex_);

  IndexReaders& readers() { return readers_; }
  Status status() const DEVS_EXCLUDES(mutex_);  // ok, or why it cannot index
  // Looks at once and waits until there is an index, and `sequence` in it; false when that
  // is not so by then.
  bool wait_through(Sequence sequence, TimePoint deadline) DEVS_EXCLUDES(mutex_);

 private:
  void run();
  Status work();  // until there is nothing to do
  Status open_writer();
  void note(Status status) DEVS_EXCLUDES(mutex_);
  void shut() DEVS_EXCLUDES(mutex_);
  // False: stop.
  bool pause(std::chrono::milliseconds at_most) DEVS_EXCLUDES(mutex_);
  bool stopping() const DEVS_EXCLUDES(mutex_);
  Sequence last() const;

  const Options options_;
  const StoredLog& stored_;
  const Epoch epoch_;
  Log& log_;
  Counter& through_metric_;
  Counter& lag_metric_;
  Counter& entries_metric_;
  Counter& batches_metric_;
  Counter& rebuilds_metric_;
  Counter& failures_metric_;
  Counter& up_metric_;
  IndexReaders readers_;
  std::unique_ptr<DirectoryLock> lock_;  // the thread's, as is the writer
  std::unique_ptr<IndexWriter> writer_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stop_ DEVS_GUARDED_BY(mutex_) = false;
  bool kicked_ DEVS_GUARDED_BY(mutex_) = false;
  bool open_ DEVS_GUARDED_BY(mutex_) = false;  // there is an index to ask
  Sequence through_ DEVS_GUARDED_BY(mutex_) = 0;
  Status status_ DEVS_GUARDED_BY(mutex_);
  std::thread thread_;  // last: everything it touches is there
};

}  // namespace devs
