#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/channels/channel_store.h"
#include "protocol/ids.h"
#include "protocol/status.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/mutex.h"
#include "trace/stored_log.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Which entries of the log belong to channels: a start reads those, and not the log.
//
// Has no thread: whoever follows the log anyway gives it its rounds, in which it notes in
// `channels.db` what became visible.  It says nothing the log does not: without the file
// the end of the log is read, once; one that is damaged is made anew.
//
// Metrics: channel_index_failures_total.
class ChannelIndex {
 public:
  struct Options {
    std::filesystem::path dir = ".devs";  // `channels.db` lies in it
    // At a start, of entries of channels; without the file, of the log: half a second.
    std::size_t most_read = 1'000'000;
  };

  // REQUIRES: all outlive this.
  ChannelIndex(Options options, const TraceStreamBus& bus, const StoredLog& stored, Epoch epoch,
               Log& log, Metrics& metrics);
  ~ChannelIndex();
  ChannelIndex(const ChannelIndex&) = delete;
  ChannelIndex& operator=(const ChannelIndex&) = delete;

  // The stored entries of channels, in order, the newest most_read at most.  REQUIRES: once,
  // before any round.
  void read_back(const StoredLog::OnLine& on_line);

  // One round; again every so often.  Does I/O.  None while another one runs, or after
  // stop().
  void work() DEVS_EXCLUDES(mutex_);
  // Waits for a round that runs, then notes the rest.  Idempotent.
  void stop() DEVS_EXCLUDES(mutex_);

 private:
  void try_round(bool at_the_end);
  Status round(bool at_the_end);
  Status open();
  Status read_known(const StoredLog::OnLine& on_line);
  void read_log(Sequence from, const StoredLog::OnLine& on_line);
  void note(const Status& status);

  const Options options_;
  const TraceStreamBus& bus_;
  const StoredLog& stored_;
  const Epoch epoch_;
  Log& log_;
  Counter& failures_metric_;

  // Of whoever has the round.
  std::unique_ptr<ChannelStore> store_;  // null: not open
  Sequence seen_ = 0, saved_ = 0;        // looked at; of that, as the file says
  std::vector<Sequence> found_;          // between the two
  std::string last_failure_;

  Mutex mutex_;
  CondVar changed_;
  bool stop_ DEVS_GUARDED_BY(mutex_) = false;
  bool working_ DEVS_GUARDED_BY(mutex_) = false;
};

}  // namespace devs
