#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/file.h"
#include "trace/line_table.h"
#include "trace/stored_log.h"

namespace devs {

// `trace.idx`: what the lines of trace.log do not say about themselves.  Append-only, one
// record per group of lines that were written together, all numbers little-endian.  Made
// anew from the log when it is lost.
//
// Header, 64 bytes:
//    0  8  "DEVSIDX\n"
//    8  4  version, 1
//   12  4  CRC-32C of bytes 0..11 and 16..63
//   16 16  epoch, filled up with zeros
//   32  8  sequence of the first line of the log (base)
//   40  8  last sequence given before it (previous_last)
//   48  8  open_from     what the log carries at its beginning
//   56  8  last_stamp_ns
//
// Record, 64 bytes and 8 per line:
//    0  4  "REC1"
//    4  4  CRC-32C of bytes 8..size
//    8  4  size of the record
//   12  4  lines
//   16  8  sequence of the first line
//   24  8  offset of the first line in the log
//   32  8  when they were stored, ms since 1970
//   40  8  open_from     what the log carries after them
//   48  8  last_stamp_ns
//   56  4  flags; 1: topics follow
//   60  4  0
//   64     per line: u32 bytes without its line end (top bit: what lies there is no
//          entry), u32 CRC-32C of those bytes
//    .     with flag 1: per line a u32 length of its topics, then all these texts
//
// The same in prose, with an example byte by byte: docs/flight_log_format.md.

inline constexpr std::size_t kSideHeaderBytes = 64;
inline constexpr std::size_t kSideRecordBytes = 64;  // and more per line

struct SideHeader {
  Epoch epoch = {};
  Sequence base = 1;
  Sequence previous_last = 0;
  LogCarry carry = {};
};
std::string encode_side_header(const SideHeader& header);
// nullopt: damaged, not one, or of a newer program.
std::optional<SideHeader> decode_side_header(std::string_view bytes);

// invalid_argument, naming `path` and both versions: a newer program wrote `index`.  Mark,
// version and checksum stand where they do in each version, so that damage is told apart.
Status check_index_version(const File& index, const std::filesystem::path& path);

struct SideRecord {
  Sequence first = 1;
  std::uint64_t offset = 0;
  std::int64_t stored_ms = 0;
  LogCarry carry = {};
  std::vector<LineMark> lines;
  std::vector<std::string> topics;  // one per line, or none at all

  std::uint64_t log_bytes() const;  // of its lines with their line ends
};

// Makes one record after the other, in memory it keeps.
class SideRecordWriter {
 public:
  void begin(Sequence first, std::uint64_t offset, std::int64_t stored_ms, LogCarry carry);
  void add(LineMark mark, std::string_view topics);
  std::size_t lines() const { return lines_; }
  std::string_view finish();  // valid until the next begin()

 private:
  std::string bytes_;
  std::string topic_sizes_, topic_texts_;
  std::size_t lines_ = 0;
};

// Walks a side index from its beginning, over what is damaged to the next good record.
// A record that was handed out is whole; whether it fits the one before it is for the
// caller to see.  REQUIRES: `file` outlives it.
class SideIndexReader {
 public:
  explicit SideIndexReader(const File& file);

  // nullopt: it is damaged.
  const std::optional<SideHeader>& header() const { return header_; }
  // False at the end.
  bool next(SideRecord& record);
  bool damaged() const { return damaged_; }         // so far: header, or bytes in no good record
  const Status& status() const { return status_; }  // not ok: the disk did not give it all
  std::uint64_t offset() const { return offset_; }  // just behind the last good record

 private:
  bool fill(std::size_t bytes);
  void drop(std::size_t bytes);
  void pass_to_next_mark();

  const File& file_;
  std::string block_;
  std::size_t begin_ = 0;   // of what is unread in the block
  std::uint64_t next_ = 0;  // offset in the file of what comes after the block
  std::uint64_t offset_ = 0;
  std::optional<SideHeader> header_;
  bool damaged_ = false;
  Status status_;
};

// A side index for all of `table`, whole or not at all: beside `path`, synced, renamed,
// the directory synced.
Status write_side_index(FileSystem& files, const std::filesystem::path& path,
                        const SideHeader& header, const LineTable& table, LogCarry carry);

}  // namespace devs
