#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/broken_file.h"
#include "tests/support/temp_dir.h"
#include "tests/trace/trace_kit.h"
#include "trace/flight_log.h"

namespace devs {

using Opened = Result<std::unique_ptr<FlightLog>>;
using Op = BrokenDisk::Op;

// The end of a process, and the next one.
inline void reopen(Opened& log, FlightLog::Options options, Log& lines) {
  log = Status(Code::internal, "closed");
  log = FlightLog::open(std::move(options), lines);
}

inline constexpr const char* kEio = "Input/output error (EIO)";

// The bodies that append_some() and append_one() give.
inline std::vector<std::string> numbered(Sequence from, Sequence through) {
  std::vector<std::string> bodies;
  for (; from <= through; ++from) bodies.push_back(body_of(std::to_string(from)));
  return bodies;
}
inline Status append_one(FlightLog& log, Sequence sequence, LogCarry carry = {},
                         Durability durability = Durability::written) {
  const EntryPtr entry = entry_of(sequence, body_of(std::to_string(sequence)));
  return log.append({&entry, 1}, carry, durability);
}
inline ReadOutcome look(const FlightLog& log, Sequence from) {
  return log.read(from, {}, [](const StoredLine&) {});
}
inline void flip(const std::filesystem::path& path, std::size_t at, int bit = 0) {
  std::string bytes = bytes_of(path);
  bytes.at(at) = static_cast<char>(bytes.at(at) ^ (1 << bit));
  write_bytes(path, bytes);
}
inline std::string name_of_base(Sequence base, const std::string& ending) {
  const std::string digits = std::to_string(base);
  return "segments/" + std::string(20 - digits.size(), '0') + digits + ending;
}
// trace.log of `count` entries in groups of `group`, rolled into segments of three groups.
inline void write_segments(const std::filesystem::path& dir, int count, int group) {
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir}, lines);
  REQUIRE(log.ok());
  for (int done = 0; done < count; done += group) {
    if (done > 0 && done % (3 * group) == 0) REQUIRE((*log)->roll().ok());
    REQUIRE(append_some(**log, group).ok());
  }
}

}  // namespace devs
