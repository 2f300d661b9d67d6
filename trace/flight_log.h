#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/clock.h"
#include "trace/entry.h"
#include "trace/file.h"
#include "trace/log.h"
#include "trace/log_meta.h"
#include "trace/mutex.h"
#include "trace/segment_set.h"
#include "trace/stored_log.h"

namespace devs {

class ActiveSegment;
class Pins;
class RolledTables;
class SegmentCache;

// When an entry counts as stored: in the file (survives kill -9), or synced (survives
// a power cut).
enum class Durability { written, synced };

// The directory `.devs/` as one log: the active file people `tail -f`, the segments
// behind it, one order of sequences through all of them.
//
//   trace.log           NDJSON, one envelope per line, verbatim
//   trace.idx           its sidecar: sequence, CRC, time per line; made anew when lost
//   segments/           what was rolled (plain) and sealed (zstd + sidecar)
//   trace.meta          format, epoch, what retention dropped, numbers set aside
//
// The format is docs/flight_log_format.md.
//
// append(), sync(), roll(), skip(), reserve(), release() and begin_after_gap() belong to
// the recorder's thread.
// Reading is thread-safe and sees only whole, stored, verified lines.
class FlightLog final : public StoredLog {
 public:
  struct Options {
    std::filesystem::path dir = ".devs";  // created 0700 when missing
    // The active file is rolled into a segment when it has reached this size or age,
    // whichever first, at the next append.
    std::uint64_t segment_bytes = 64u * 1024u * 1024u;
    std::chrono::seconds segment_age{3600};
    // Opens what is there as it is: no lock, nothing created, cut or mended.  For
    // looking at a directory another process may be writing.
    bool read_only = false;
    // Numbers that reserve() sets aside at a time: two minutes at the fastest anybody
    // publishes, days at what is usual; and what a reader is told was lost, at most, after
    // a kill -9.
    Sequence set_aside = Sequence{1} << 24;
    FileSystem* files = nullptr;   // null: the real ones
    const Clock* clock = nullptr;  // null: the machine's
  };
  // What open() found and mended.
  struct Found {
    Sequence last = 0;
    LogCarry carry;
    std::size_t torn_bytes = 0;       // of an unfinished tail of trace.log, cut off
    std::filesystem::path torn_file;  // where they were kept
    bool sidecar_rebuilt = false;     // trace.idx was missing, damaged or behind
    std::size_t corrupt_lines = 0;    // in the active file; served as a gap
  };

  // Takes the directory lock, finishes or undoes a roll that was interrupted, tells a
  // torn tail (cut, kept aside in `trace.log.torn-<time>`) from damage in the middle
  // (kept, declared as a gap when read), reads or makes the epoch.  Fails when another
  // process holds the directory, naming it; when a newer program wrote it; or naming
  // what the disk refused.
  static Result<std::unique_ptr<FlightLog>> open(Options options, Log& log);
  ~FlightLog() override;

  const Epoch& epoch() const { return epoch_; }
  const Found& found() const { return found_; }
  const std::filesystem::path& directory() const { return dir_; }
  FileSystem& files() const { return files_; }

  // --- the recorder ---

  // Writes the lines of `batch` with as few system calls as fit, then their record in
  // the sidecar; rolls first when the active file is due.  When this returns ok they are
  // stored, and seen by read().  On a refusal both files are cut back to the last whole
  // record, nothing of the batch counts as stored and the same batch may be tried again.
  //
  // A refused fdatasync (Durability::synced) is final for the active file, whose dirty
  // pages may be gone: the next append rolls it away and goes on in a new one.
  //
  // A batch that begins above the last entry written begins a new segment: what lies
  // between was never stored.  Such a batch also begins anew where the files were
  // deleted or replaced; any other is refused there.
  Status append(std::span<const EntryPtr> batch, LogCarry carry,
                Durability durability = Durability::written) DEVS_EXCLUDES(mutex_);
  // Puts what was appended out of reach of a power cut.  A refused fdatasync is told once
  // for a file that was rolled away, and of the active one until the next append, which
  // goes on in a new file: what such a file holds is never said to be safe.
  Status sync() DEVS_EXCLUDES(mutex_);
  // The active file becomes a segment, an empty one takes its place; both names are on
  // disk when this returns ok.  After a refusal the next append, or this, goes on where
  // it stopped.
  Status roll() DEVS_EXCLUDES(mutex_);
  // Entries up to here are given up: readers are told so at once (LossReason::recorder).
  // resource_exhausted: their numbers were not set aside, so a start after a kill -9 would
  // give them again.
  Status skip(Sequence through) DEVS_EXCLUDES(mutex_) DEVS_EXCLUDES(meta_mutex_);
  // Sets numbers above `last` aside in trace.meta, while the disk is well: a start that
  // finds them so begins above them.  Seldom writes.
  Status reserve(Sequence last) DEVS_EXCLUDES(meta_mutex_);
  // The end of a process all of whose entries are in the log: nothing is set aside any
  // more.  Where they are not, it stays.
  Status release() DEVS_EXCLUDES(mutex_) DEVS_EXCLUDES(meta_mutex_);
  // The segment that the next batch would begin, where entries before it were given up.
  // Ok: the disk takes files again.  REQUIRES: last() was skipped
  Status begin_after_gap() DEVS_EXCLUDES(mutex_);
  // The disk is full: drops the oldest sealed segment that nothing pins, but never the
  // newest one.  What went, or null: nothing could.  `pins` may be null.  Thread-safe.
  SegmentPtr free_room(const Pins* pins) DEVS_EXCLUDES(room_mutex_);

  // --- StoredLog ---

  Sequence oldest() const override DEVS_EXCLUDES(mutex_);
  Sequence last() const override { return last_.load(std::memory_order_acquire); }
  ReadOutcome read(Sequence from, ReadLimits limits, const OnLine& on_line) const override
      DEVS_EXCLUDES(mutex_);
  Sequence first_since(std::int64_t ms) const override DEVS_EXCLUDES(mutex_);

  // --- the keeper ---

  SegmentSet& segments() { return segments_; }
  const SegmentSet& segments() const { return segments_; }
  const std::filesystem::path& segments_directory() const { return segments_dir_; }
  const std::shared_ptr<SegmentCache>& segment_cache() const { return cache_; }
  // Written to trace.meta before anything is deleted.  Thread-safe.
  Status remember_expired(Sequence through) DEVS_EXCLUDES(meta_mutex_);

 private:
  // How far a roll has come that was refused in the middle.
  enum class RollStep { none, log_moved, index_moved, moved };

  explicit FlightLog(Options options);

  // open(), in this order
  Status prepare_directory();
  Status take_lock();
  Status read_meta();
  Status finish_interrupted_roll(Log& log);
  Status find_segments(Log& log);
  Status clear_empty_roll(Sequence base, Log& log);
  Status open_active(Log& log);
  Status cut_torn_tail(File& file, const std::filesystem::path& path, std::uint64_t from,
                       std::uint64_t size, Log& log);
  Status settle_epoch(bool is_new, const Epoch& of_sidecar, Log& log);
  void pass_over_given(Log& log) DEVS_EXCLUDES(mutex_) DEVS_EXCLUDES(meta_mutex_);

  std::filesystem::path at(std::string_view name) const { return dir_ / name; }
  std::int64_t now_ms() const;
  std::shared_ptr<ActiveSegment> active() const DEVS_EXCLUDES(mutex_);
  bool is_due(const ActiveSegment& active) const;
  Status alone_here();
  void take_active(std::shared_ptr<ActiveSegment> active) DEVS_EXCLUDES(mutex_);
  // A new active file that begins at `base`; `hole` as in append().
  Status begin_new(Sequence base, bool hole) DEVS_EXCLUDES(mutex_);
  Status move_to_segments(const ActiveSegment& old);
  Status begin_in_an_empty_directory() DEVS_EXCLUDES(meta_mutex_);
  Status write_meta(LogMeta meta) DEVS_REQUIRES(meta_mutex_);

  const Options options_;
  FileSystem& files_;
  const Clock& clock_;
  std::filesystem::path dir_, segments_dir_;
  std::unique_ptr<DirectoryLock> lock_;
  Epoch epoch_;
  int format_ = 0;  // of trace.meta as found; 0: none
  Found found_;
  SegmentSet segments_;
  const std::shared_ptr<SegmentCache> cache_;
  const std::shared_ptr<RolledTables> tables_;

  TimePoint looked_{};                   // the recorder's: when the lock was in place
  RollStep roll_step_ = RollStep::none;  // the recorder's
  std::vector<Sequence> unsynced_;       // the recorder's: bases of what was rolled since sync()
  TimePoint active_since_{};             // the recorder's: when its first entry was stored

  Mutex room_mutex_;                           // one free_room() at a time
  Mutex meta_mutex_;                           // one writer of trace.meta at a time
  LogMeta meta_ DEVS_GUARDED_BY(meta_mutex_);  // what it says
  mutable Mutex mutex_;
  std::shared_ptr<ActiveSegment> active_ DEVS_GUARDED_BY(mutex_);
  std::atomic<Sequence> last_{0};  // changes under mutex_
};

}  // namespace devs
