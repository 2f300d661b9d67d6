#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/entry.h"
#include "trace/file.h"
#include "trace/line_table.h"
#include "trace/log_scan.h"
#include "trace/mutex.h"
#include "trace/segment.h"
#include "trace/side_index.h"

namespace devs {

// The end of the log that grows: `trace.log`, NDJSON, and `trace.idx` beside it.
//
// append(), sync() and what they tell belong to the recorder's thread.  Reading is
// thread-safe, and goes on when the files were renamed or removed.
class ActiveSegment {
 public:
  // An empty pair in `dir`, both names on disk.  The sidecar comes whole and first: it
  // says where the log goes on.
  static Result<std::shared_ptr<ActiveSegment>> create(FileSystem& files,
                                                       const std::filesystem::path& dir,
                                                       const SideHeader& header);
  // What was found.  REQUIRES: the files are those of `scan`, without a torn tail, and
  // the sidecar is right.  Where lines are gone that the sidecar knows it is failed():
  // more would end up at wrong places.
  ActiveSegment(std::unique_ptr<File> log, std::unique_ptr<File> index, LogScan scan);

  // --- the recorder ---

  // Writes the lines, then their record.  On a refusal both are cut back to the last
  // whole record, and the same batch may be tried again.  `synced`: both are on disk
  // before this returns ok.  When that is refused the files are not to be trusted any
  // more (failed()): the batch counts as not written.
  // REQUIRES: !batch.empty(), dense, beginning at last() + 1, !failed()
  Status append(std::span<const EntryPtr> batch, LogCarry carry, std::int64_t stored_ms,
                bool synced) DEVS_EXCLUDES(mutex_);
  // A refusal makes it failed(), and is final: Linux forgets what it could not write, and
  // would answer ok the next time.
  Status sync();
  bool failed() const { return failed_; }
  bool sync_failed() const { return !unsynced_.ok(); }
  // Removes torn bytes that a refused append left, and finds out whether the files are
  // still those at their paths.
  Status cut_back();

  std::uint64_t bytes() const { return log_bytes_; }  // of whole lines

  // --- anybody ---

  Sequence base() const { return header_.base; }
  Sequence previous_last() const { return header_.previous_last; }
  Sequence last() const DEVS_EXCLUDES(mutex_);  // written, though maybe not synced yet
  SegmentInfo info() const DEVS_EXCLUDES(mutex_);
  // As Segment::read and first_since.  REQUIRES: base() <= from <= through <= last()
  ReadOutcome read(Sequence from, Sequence through, ReadLimits limits,
                   const StoredLog::OnLine& on_line) const DEVS_EXCLUDES(mutex_);
  Sequence first_since(std::int64_t ms) const DEVS_EXCLUDES(mutex_);

 private:
  Status write_lines(std::span<const EntryPtr> batch, std::uint64_t bytes);

  const std::unique_ptr<File> log_;
  const std::unique_ptr<File> index_;
  const SideHeader header_;

  // The recorder's.
  std::uint64_t log_bytes_ = 0, index_bytes_ = 0;  // ends of the last whole records
  bool cut_needed_ = false;  // a refused append left bytes we could not cut yet
  bool failed_ = false;
  Status unsynced_;          // why it can never be synced any more
  SideRecordWriter record_;  // these four are kept for their memory
  std::vector<LineMark> marks_;
  std::vector<std::string_view> pieces_;
  std::string joined_;

  mutable Mutex mutex_;
  LineTable table_ DEVS_GUARDED_BY(mutex_);
  LogCarry carry_ DEVS_GUARDED_BY(mutex_);
  std::uint64_t disk_bytes_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
