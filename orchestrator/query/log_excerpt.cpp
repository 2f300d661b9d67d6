#include "orchestrator/query/log_excerpt.h"

#include <algorithm>
#include <utility>

namespace devs {
namespace {

// Reading past so many others costs less than beginning a read anew.
constexpr Sequence kNear = 64;
// Of one read: what a run may hold beyond what is asked for.
constexpr std::size_t kReadBytes = 1u << 20u;

// `run`: ascending.  Entries from its end towards its begin when `newest_first`: when
// more than `max_bytes` are found, the far ones are let go while reading on.
std::vector<ReadBack> read_run(const StoredLog& log, const std::vector<Sequence>& run,
                               bool newest_first, std::size_t max_bytes) {
  std::vector<ReadBack> found;
  std::size_t let_go = 0;  // of `found`, from its begin
  std::size_t bytes = 0;
  std::size_t at = 0;
  const auto take = [&](ReadBack entry) {
    bytes += entry.body.size();
    found.push_back(std::move(entry));
    ++at;
    for (; newest_first && bytes > max_bytes && let_go + 1 < found.size(); ++let_go) {
      bytes -= found[let_go].body.size();
      found[let_go].body = {};
    }
  };
  while (at < run.size() && (newest_first || bytes <= max_bytes)) {
    const Sequence from = run[at];
    const ReadLimits limits{static_cast<std::size_t>(run.back() - from + 1), kReadBytes};
    const ReadOutcome read = log.read(from, limits, [&](const StoredLine& line) {
      if (at < run.size() && line.sequence == run[at])
        take({line.sequence, std::string(line.body), line.stored_ms, std::nullopt});
    });
    if (read.loss) {
      while (at < run.size() && run[at] <= read.loss->through)
        take({run[at], {}, 0, read.loss->reason});
    } else if (at < run.size() && run[at] == from) {  // beyond the end of the log
      take({from, {}, 0, LossReason::corrupt});
    }
  }
  found.erase(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(let_go));
  if (newest_first) std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace

std::vector<ReadBack> read_back(const StoredLog& log, const std::vector<Sequence>& wanted,
                                std::size_t max_bytes) {
  std::vector<ReadBack> all;
  std::size_t bytes = 0;
  for (std::size_t begin = 0; begin < wanted.size() && bytes < max_bytes;) {
    const bool newest_first = wanted.size() > 1 && wanted[0] > wanted[1];
    std::size_t end = begin + 1;
    const auto near = [](Sequence a, Sequence b) { return (a > b ? a - b : b - a) <= kNear; };
    while (end < wanted.size() && near(wanted[end - 1], wanted[end])) ++end;
    std::vector<Sequence> run(wanted.begin() + static_cast<std::ptrdiff_t>(begin),
                              wanted.begin() + static_cast<std::ptrdiff_t>(end));
    if (newest_first) std::reverse(run.begin(), run.end());
    std::vector<ReadBack> part = read_run(log, run, newest_first, max_bytes - bytes);
    const bool whole = part.size() == run.size();
    for (ReadBack& entry : part) {
      if (!all.empty() && bytes + entry.body.size() > max_bytes) return all;
      bytes += entry.body.size();
      all.push_back(std::move(entry));
    }
    if (!whole) break;
    begin = end;
  }
  return all;
}

}  // namespace devs
