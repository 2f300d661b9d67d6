#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/trace/trace_kit.h"
#include "trace/flight_log.h"

namespace devs {

// The law: a log cut at any byte yields a prefix of what was written, and loses
// no byte without keeping it aside.  Writes `bodies` to a log in `dir`, cuts the
// file at `cut`, opens it again.  The empty string, or which part is broken.
inline std::string broken_log_law(const std::filesystem::path& dir,
                                  const std::vector<std::string>& bodies,
                                  std::size_t cut) {
  MemoryLog lines;
  const std::filesystem::path file = dir / "trace.log";
  std::filesystem::remove_all(dir);
  {
    auto log = FlightLog::open({.dir = dir}, lines);
    if (!log.ok()) return "does not open: " + log.status().message();
    std::vector<EntryPtr> batch;
    for (const std::string& body : bodies)
      batch.push_back(entry_of(batch.size() + 1, body));
    if (!(*log)->append(batch).ok()) return "does not take the entries";
  }
  std::string written;
  for (const std::string& body : bodies) written.append(body).append("\n");
  if (bytes_of(file) != written) return "holds other bytes than were appended";
  const std::string left = written.substr(0, cut);
  std::filesystem::resize_file(file, left.size());

  std::vector<std::string> seen;
  auto log = FlightLog::open(
      {.dir = dir,
       .on_line = [&](Sequence, std::string_view text) { seen.emplace_back(text); }},
      lines);
  if (!log.ok()) return "does not open again: " + log.status().message();
  std::size_t whole = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (i >= bodies.size() || seen[i] != bodies[i]) return "yields a line nobody wrote";
    whole += seen[i].size() + 1;
  }
  const std::size_t last_end =
      left.rfind('\n') == std::string::npos ? 0 : left.rfind('\n') + 1;
  if (whole != last_end) return "loses a whole line";
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
  if (!(*log)->append({&entry, 1}).ok()) return "takes no more entries";
  if (bytes_of(file) != left.substr(0, whole) + next + "\n")
    return "goes on at a wrong place";
  return {};
}

}  // namespace devs
