#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/trace/trace_kit.h"
#include "trace/flight_log.h"

namespace devs {

// Writes `bodies`, each an append of its own, to a new log in `dir`.
inline std::string write_log(const std::filesystem::path& dir,
                             const std::vector<std::string>& bodies) {
  MemoryLog lines;
  std::filesystem::remove_all(dir);
  auto log = FlightLog::open({.dir = dir}, lines);
  if (!log.ok()) return "does not open: " + log.status().message();
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const EntryPtr entry = entry_of(i + 1, bodies[i]);
    if (!(*log)->append({&entry, 1}, {}).ok()) return "does not take the entries";
  }
  return {};
}

// What a record of one line has in trace.idx, and its header.
inline constexpr std::size_t kLawHeader = 64, kLawRecord = 72;

// The law of kill -9: a log cut at any byte yields a prefix of what was written, and
// loses no byte without keeping it aside.  Writes `bodies` to a log in `dir`, cuts the
// file at `cut` and the sidecar behind the last whole line, opens it again.  The empty
// string, or which part is broken.
inline std::string broken_log_law(const std::filesystem::path& dir,
                                  const std::vector<std::string>& bodies, std::size_t cut) {
  MemoryLog lines;
  const std::filesystem::path file = dir / "trace.log";
  if (const std::string broken = write_log(dir, bodies); !broken.empty()) return broken;
  std::string written;
  for (const std::string& body : bodies) written.append(body).append("\n");
  if (bytes_of(file) != written) return "holds other bytes than were appended";
  const std::string left = written.substr(0, cut);
  std::filesystem::resize_file(file, left.size());
  const auto whole_lines = static_cast<std::size_t>(std::count(left.begin(), left.end(), '\n'));
  std::filesystem::resize_file(dir / "trace.idx", kLawHeader + whole_lines * kLawRecord);

  auto log = FlightLog::open({.dir = dir}, lines);
  if (!log.ok()) return "does not open again: " + log.status().message();
  const std::vector<std::string> seen = bodies_of(**log);
  std::size_t whole = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (i >= bodies.size() || seen[i] != bodies[i]) return "yields a line nobody wrote";
    whole += seen[i].size() + 1;
  }
  if (seen.size() != whole_lines) return "loses a whole line";
  const FlightLog::Found& found = (*log)->found();
  if (found.last != seen.size() || (*log)->last() != seen.size()) return "counts wrong";
  if (bytes_of(file) != left.substr(0, whole)) return "leaves torn bytes in the file";
  if (found.torn_bytes != left.size() - whole) return "reports other torn bytes";
  if (found.torn_bytes > 0 && bytes_of(found.torn_file) != left.substr(whole))
    return "does not keep the torn bytes";
  if ((found.torn_bytes > 0) != (lines.count("warn torn_tail_cut") == 1))
    return "says nothing, or too much";

  const std::string next = body_of("next");
  const EntryPtr entry = entry_of(seen.size() + 1, next);
  if (!(*log)->append({&entry, 1}, {}).ok()) return "takes no more entries";
  if (bytes_of(file) != left.substr(0, whole) + next + "\n") return "goes on at a wrong place";
  return {};
}

// The law of worse: a log cut at any byte under a sidecar that knows more (the power
// failed, or somebody cut the file) yields a prefix, declares the rest lost, and gives
// none of its sequences again.
inline std::string broken_sidecar_law(const std::filesystem::path& dir,
                                      const std::vector<std::string>& bodies, std::size_t cut) {
  MemoryLog lines;
  if (const std::string broken = write_log(dir, bodies); !broken.empty()) return broken;
  const std::uintmax_t size = std::filesystem::file_size(dir / "trace.log");
  if (cut == 0 || cut >= size) return {};  // a new log; or nothing is lost
  std::filesystem::resize_file(dir / "trace.log", cut);

  for (const bool again : {false, true}) {  // and so after one more start
    auto log = FlightLog::open({.dir = dir}, lines);
    if (!log.ok()) return "does not open again: " + log.status().message();
    std::size_t end = 0, whole = 0;
    while (whole < bodies.size() && end + bodies[whole].size() + 1 <= cut)
      end += bodies[whole++].size() + 1;
    const Sequence next = bodies.size() + (again ? 2 : 1);
    if ((*log)->last() != next - 1) return "gives a sequence again";
    std::vector<std::string> expected(bodies.begin(),
                                      bodies.begin() + static_cast<std::ptrdiff_t>(whole));
    if (again) expected.push_back(body_of("next"));
    if (bodies_of(**log) != expected) return "yields something else than a prefix";
    for (Sequence at = whole + 1; at <= bodies.size();) {
      const ReadOutcome read = (*log)->read(at, {}, [](const StoredLine&) {});
      if (!read.loss || read.loss->from != at || read.loss->reason != LossReason::corrupt)
        return "does not declare what is lost";
      at = read.next;
    }
    const EntryPtr entry = entry_of(next, body_of("next"));
    if (!again && !(*log)->append({&entry, 1}, {}).ok()) return "takes no more entries";
  }
  return {};
}

}  // namespace devs
