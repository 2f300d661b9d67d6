#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/ids.h"
#include "trace/file.h"
#include "trace/stored_log.h"

namespace devs {

// Length and checksum of one line, as trace.idx has them.
struct LineMark {
  std::uint32_t bytes = 0;  // without its line end
  std::uint32_t crc = 0;    // CRC-32C of those bytes
  bool lost = false;        // what lies there is no entry: only its length is known
};

// Where the lines of one NDJSON file lie, and how to know each again: 8 bytes of memory
// per line, however long it is.  Lines are counted from 0.
//
// A value without a lock: whoever grows it while others read brings one.
class LineTable {
 public:
  // A line and what is to be said about it.  `topics` lives as long as the table.
  struct Line {
    LineMark mark;
    std::int64_t stored_ms = 0;
    std::string_view topics;
  };
  // Some lines in a row.
  struct Run {
    std::uint64_t offset = 0;  // of the first one
    std::uint64_t bytes = 0;   // of all, with their line ends
    std::vector<Line> lines;
  };

  LineTable() = default;
  LineTable(LineTable&&) = default;
  LineTable& operator=(LineTable&&) = default;

  void add(LineMark mark, std::int64_t stored_ms, std::string_view topics);
  void cut(std::uint64_t count);  // forgets the lines from there on

  std::uint64_t count() const { return count_; }
  std::uint64_t bytes() const { return bytes_; }  // of all lines with their line ends
  std::uint64_t lost() const { return lost_; }
  std::int64_t first_ms() const { return times_.empty() ? 0 : times_.front().ms; }
  std::int64_t last_ms() const { return times_.empty() ? 0 : times_.back().ms; }

  // At least one line, if there is one from `index` on.  Its lines are lost, all of them,
  // or none is: what is lost is never read.
  Run run(std::uint64_t index, std::uint64_t max_lines, std::uint64_t max_bytes) const;
  // The first one stored at or after `ms`; count() when all are older.
  std::uint64_t first_since(std::int64_t ms) const;

 private:
  // One offset per this many lines: finding one adds up half as many lengths.
  static constexpr std::size_t kChunk = 1024;
  struct Packed {
    std::uint32_t bytes_and_lost;  // the top bit: lost
    std::uint32_t crc;
  };
  struct Chunk {
    std::uint64_t offset = 0;  // of its first line
    std::array<Packed, kChunk> lines;
    std::unique_ptr<std::array<std::uint32_t, kChunk>> topics;  // indexes; null: all empty
  };
  struct Time {
    std::uint64_t index;  // lines from here on were stored at
    std::int64_t ms;
  };

  static LineMark unpack(Packed packed);
  std::uint32_t intern(std::string_view topics);

  std::deque<Chunk> chunks_;
  std::deque<Time> times_;          // where it changes
  std::deque<std::string> topics_;  // each different text once; 0 is the empty one
  std::unordered_map<std::string_view, std::uint32_t> topic_index_;
  std::uint64_t count_ = 0, bytes_ = 0, lost_ = 0;
};

// Reads the lines of `run` with one system call and hands out those that are what their
// marks say, up to the first that is not; `first` is the sequence of its first line.
// An outcome as of StoredLog::read.
ReadOutcome read_run(const File& file, const LineTable::Run& run, Sequence first,
                     const StoredLog::OnLine& on_line);

// How many lines of `table` are not what their marks say.
std::uint64_t count_bad_lines(const File& file, const LineTable& table);

}  // namespace devs
