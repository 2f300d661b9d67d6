#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "protocol/json.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/mutex.h"

namespace devs {

// Counts what the leniency of publish lets through (SAOP 3.3): incomplete
// envelopes, ids outside their grammar, observations without their action.
//
// Remembers the last 10 000 call ids, so what lies further back counts as unknown.
// Thread-safe.
class PublishCensus {
 public:
  PublishCensus(Log& log, Metrics& metrics);
  void count(JsonView envelope) DEVS_EXCLUDES(mutex_);

 private:
  enum class Seen { action, observed };
  Counter& incomplete(std::string_view member);  // of a closed list
  void count_call(std::string_view type, std::string id) DEVS_EXCLUDES(mutex_);

  Log& log_;
  Metrics& metrics_;
  Counter& bad_ids_;
  Counter& orphans_;
  Counter& duplicates_;
  Counter& bad_observations_;

  Mutex mutex_;
  std::unordered_map<std::string, Seen> calls_ DEVS_GUARDED_BY(mutex_);
  std::deque<std::string> order_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
