#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/entry.h"
#include "trace/file.h"
#include "trace/log.h"
#include "trace/mutex.h"
#include "trace/stored_log.h"

namespace devs {

// `.devs/trace.log`: NDJSON, one envelope per line, verbatim, in order.  Line n
// is the entry with sequence n, so the file needs no other metadata than its
// epoch (`trace.meta`).  Segments and their sidecars come on top of this class;
// the recorder and the readers will not notice.
//
// append() belongs to the recorder's thread.  read() is thread-safe and sees
// only whole, stored lines.
class FlightLog final : public StoredLog {
 public:
  struct Options {
    std::filesystem::path dir = ".devs";  // created 0700 when missing
    // Called in order for every line found at open, before open() returns.
    std::function<void(Sequence, std::string_view)> on_line = {};
    FileSystem* files = nullptr;  // null: the real ones
  };
  // What open() found and mended.
  struct Found {
    Sequence last = 0;
    std::size_t torn_bytes = 0;       // of an unfinished last line, cut off
    std::filesystem::path torn_file;  // where they were kept
  };

  // Takes the directory lock, cuts a torn tail (kept aside in
  // `trace.log.torn-<time>`), counts lines, reads or makes the epoch.  Fails
  // when another process holds the directory, or naming what the disk refused.
  static Result<std::unique_ptr<FlightLog>> open(Options options, Log& log);

  const Epoch& epoch() const { return epoch_; }
  const Found& found() const { return found_; }

  // Writes the lines of `batch` with as few system calls as fit.  On a refusal
  // the file is cut back to the last whole record, nothing of the batch counts
  // as stored and the same batch may be tried again.
  Status append(std::span<const EntryPtr> batch);

  Sequence oldest() const override { return 1; }
  Sequence last() const override { return last_.load(std::memory_order_acquire); }
  ReadOutcome read(Sequence from, ReadLimits limits, const OnLine& on_line) const override
      DEVS_EXCLUDES(mutex_);
  Sequence first_since(std::int64_t ms) const override;

  // Puts what was appended out of reach of a power cut.  The recorder's thread.
  Status sync() { return file_->sync(); }

 private:
  FlightLog() = default;
  Status prepare_directory();
  Status count_lines(const Options& options);
  Status cut_torn_tail(FileSystem& files, Log& log);
  Status settle_epoch(Log& log);
  // Where to begin to look for line `wanted`, and the line that begins there.
  std::uint64_t offset_before(Sequence wanted, Sequence& at) const
      DEVS_EXCLUDES(mutex_);

  std::filesystem::path dir_;
  std::unique_ptr<DirectoryLock> lock_;
  std::unique_ptr<File> file_;
  Epoch epoch_;
  Found found_;
  std::uint64_t bytes_ = 0;  // recorder's thread: end of the last whole record
  bool cut_needed_ = false;  // a refused append left bytes we could not cut yet
  std::vector<std::string_view> pieces_;  // recorder's thread: kept for its memory
  std::atomic<Sequence> last_{0};

  // Offset of every kIndexStride-th line, so that a read begins near its line.
  mutable Mutex mutex_;
  std::vector<std::uint64_t> index_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
