#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace devs {

// One row of the picture.  Slices on a row must not overlap unless one holds the other,
// so calls that run side by side lie on different lanes of their agent.
struct ChromeLane {
  std::uint32_t pid = 0, tid = 0;
  bool open = false;         // a call runs on it
  std::int64_t free_us = 0;  // its last slice ended here
};
using ChromeLanePtr = std::shared_ptr<ChromeLane>;

// Who gets which row: a task is a "process", an agent in it a "thread", and each
// further call of that agent at the same time one more.
//
// Bounded: past kMaxLanes it forgets who had which row; who comes again gets new rows.
class ChromeTracks {
 public:
  static constexpr std::uint32_t kLogPid = 1;           // process and thread of the log
  static constexpr std::size_t kMaxLanes = 50'000;      // about 10 MB
  static constexpr std::size_t kMaxLanesOfAgent = 512;  // they are searched one by one

  // Metadata events that name new rows; to be written before anything on those rows.
  using Names = std::vector<std::string>;

  // A row that is free at `from_us`; the caller sets `open` and `free_us`.
  ChromeLanePtr free_lane(const std::string& task, const std::string& agent, std::int64_t from_us,
                          Names& names);
  // The agent's first row, busy or not: for instants.
  ChromeLanePtr first_lane(const std::string& task, const std::string& agent, Names& names);

 private:
  struct Process {
    std::uint32_t pid = 0;
    std::map<std::string, std::vector<ChromeLanePtr>> agents;
  };
  Process& process_of(const std::string& task, Names& names);
  ChromeLanePtr add_lane(Process& process, const std::string& agent, Names& names);

  std::map<std::string, Process> processes_;
  std::size_t lanes_ = 0;
  // One row of numbers for both: Perfetto gives each process a thread of its number.
  std::uint32_t last_id_ = kLogPid;
};

// {"name":"process_name","ph":"M","pid":2,"args":{"name":"t-42"}}; `tid` 0: none.
std::string chrome_name_event(std::string_view what, std::uint32_t pid, std::uint32_t tid,
                              std::string_view name);

}  // namespace devs
