#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "protocol/envelope.h"
#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/file.h"
#include "trace/mutex.h"

namespace devs {

// What is worth keeping beyond retention: a window of the log around an entry that an
// operator will want to look at.
struct Trigger {
  bool on_error = false;                    // an observation whose status is not SUCCESS
  double slower_than_ms = 0;                // an observation that took longer; 0: not
  std::uint64_t before = 500, after = 500;  // entries kept around it
  // So many windows' worth of entries, the newest: an endless row of errors, whether
  // far apart or side by side, must not fill the disk.
  std::size_t max_pins = 64;

  bool off() const { return !on_error && slower_than_ms <= 0; }
};

struct Pin {
  Sequence at = 0;  // the newest entry that asked for it
  Sequence from = 0, through = 0;
  std::string why;  // "status TOOL_ERROR", "took 5012 ms"
};

// The windows that retention must not touch, in `.devs/pins.json` so that they outlive
// the process.  Windows that touch are one.
//
// see() belongs to the recorder's thread and costs two comparisons when nothing fires;
// the file is written by save(), which is the keeper's.  Thread-safe.
class Pins {
 public:
  // A file that does not parse is kept aside and said so; nothing is pinned then.
  // invalid_argument, naming both formats: a newer program wrote it.
  // REQUIRES: `files` outlives it.
  static Result<std::unique_ptr<Pins>> open(FileSystem& files, std::filesystem::path path,
                                            Trigger trigger);

  void see(Sequence sequence, const EnvelopeFacts& facts) DEVS_EXCLUDES(mutex_);
  bool holds(Sequence from, Sequence through) const DEVS_EXCLUDES(mutex_);
  std::vector<Pin> list() const DEVS_EXCLUDES(mutex_);
  Status save() DEVS_EXCLUDES(mutex_);  // when something changed since the last save

  // Where open() put a file that did not parse; empty: it had no reason to.
  const std::filesystem::path& kept_aside() const { return kept_aside_; }

 private:
  Pins(FileSystem& files, std::filesystem::path path, Trigger trigger);
  void pin(Sequence sequence, std::string why) DEVS_EXCLUDES(mutex_);
  void keep_the_newest() DEVS_REQUIRES(mutex_);

  FileSystem& files_;
  const std::filesystem::path path_;
  const Trigger trigger_;
  std::filesystem::path kept_aside_;
  mutable Mutex mutex_;
  std::vector<Pin> pins_ DEVS_GUARDED_BY(mutex_);  // in order, apart
  bool changed_ DEVS_GUARDED_BY(mutex_) = false;
};

}  // namespace devs
