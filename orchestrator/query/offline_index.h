#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "orchestrator/query/index_readers.h"
#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/file.h"
#include "trace/log.h"
#include "trace/stored_log.h"

namespace devs {

// The index of a directory, brought up to date with its log before anything is asked:
// for the command line.
//
//   auto index = OfflineIndex::open({.dir = dir}, *flight_log, flight_log->epoch(), log);
//   TraceQueries queries((*index)->readers(), *flight_log, flight_log->epoch());
//
// Kept in `trace.db` when nobody else has the index; when a server has, or it cannot be
// written, built in memory for this one use.  The directory itself is not locked: a
// server may start meanwhile, and its index waits.
class OfflineIndex {
 public:
  struct Options {
    std::filesystem::path dir = ".devs";
    bool rebuild = false;  // `trace reindex`: from nothing; fails if it cannot be kept
    // After every batch: the last entry indexed, of how many.
    std::function<void(Sequence done, Sequence last)> on_progress = {};
  };

  static Result<std::unique_ptr<OfflineIndex>> open(const Options& options, const StoredLog& stored,
                                                    const Epoch& epoch, Log& log);

  IndexReaders& readers() { return readers_; }
  bool in_memory() const { return in_memory_; }

 private:
  OfflineIndex() = default;

  std::unique_ptr<DirectoryLock> lock_;
  IndexReaders readers_;
  bool in_memory_ = false;
};

}  // namespace devs
