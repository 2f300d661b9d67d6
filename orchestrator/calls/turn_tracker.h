#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "trace/mutex.h"

namespace devs {

// Numbers turns per (task, thread), from 0 (SAOP 5): a host's own index stands
// and the tracker moves to it; else a call that starts while another call of its
// thread runs joins the turn, any other call opens the next one, and so does a
// thought.
//
// Remembers the kKept threads used last; one forgotten begins again at 0.
// Thread-safe.
class TurnTracker {
 public:
  struct Place {
    std::uint64_t turn_index = 0;
    std::uint64_t call_index = 0;  // order of actions in the turn, from 0
    std::string key;               // for ended()
    std::string trace_id;          // of the task, made once per thread remembered
  };
  // The trace id of a task; pure.
  using TraceOfTask = std::function<std::string(std::string_view task)>;
  static constexpr std::size_t kKept = 50'000;

  Place begin(std::string_view task, std::string_view thread, std::optional<std::int64_t> host_turn,
              bool with_thought, const TraceOfTask& trace_of_task = {}) DEVS_EXCLUDES(mutex_);
  void ended(const Place& place) DEVS_EXCLUDES(mutex_);

 private:
  struct Thread {
    std::uint64_t turn = 0;
    std::uint64_t calls = 0;
    std::size_t running = 0;
    bool opened = false;
    std::string trace_id;
    std::list<std::string>::iterator age;
  };
  void forget_oldest() DEVS_REQUIRES(mutex_);

  Mutex mutex_;
  std::unordered_map<std::string, Thread> threads_ DEVS_GUARDED_BY(mutex_);
  std::list<std::string> by_age_ DEVS_GUARDED_BY(mutex_);  // least recently used first
};

}  // namespace devs
