#pragma once

#include <memory>
#include <string>

#include "protocol/result.h"
#include "trace/flight_log.h"
#include "trace/mutex.h"
#include "trace/stored_log.h"

namespace devs {

// The log of a directory as it is, for looking only: nothing is locked, mended or made.
//
// A server may be writing to it, rolling and sealing its files meanwhile.  So what
// looks lost is looked for again when the files have changed since they were listed:
// entries move from trace.log to a rolled to a sealed segment, and are lost only when
// they are nowhere.
//
// Thread-safe.
class DirectoryLog final : public StoredLog {
 public:
  // not_found, saying what to do, when no server has written a log there.
  static Result<std::unique_ptr<DirectoryLog>> open(const std::string& dir);

  const Epoch& epoch() const { return epoch_; }
  const std::string& directory() const { return dir_; }

  Sequence oldest() const override { return current()->oldest(); }
  Sequence last() const override { return current()->last(); }
  ReadOutcome read(Sequence from, ReadLimits limits, const OnLine& on_line) const override;
  Sequence first_since(std::int64_t ms) const override { return current()->first_since(ms); }

 private:
  explicit DirectoryLog(std::string dir) : dir_(std::move(dir)) {}
  std::shared_ptr<FlightLog> current() const DEVS_EXCLUDES(mutex_);
  // Opens what is there, until nothing has changed while it was opened.
  Status look() const DEVS_EXCLUDES(mutex_);
  // True when the files were others than those now, and have been opened anew.
  bool looked_again() const DEVS_EXCLUDES(mutex_);

  const std::string dir_;
  mutable Epoch epoch_;  // of the first look; a directory begun anew is another log
  mutable Mutex mutex_;
  mutable std::shared_ptr<FlightLog> log_ DEVS_GUARDED_BY(mutex_);
  mutable std::string listed_ DEVS_GUARDED_BY(mutex_);
};

// Which files of a log there are now; what looked wrong is looked at again when this has
// changed.
std::string listing_of(const std::string& directory);
// True while a server holds the directory; asks without taking anything.
bool is_written_to(const std::string& dir);

// Ok when a server has written a log there; otherwise says what to do.
Status find_log(const std::string& dir);

}  // namespace devs
