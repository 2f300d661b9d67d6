#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "orchestrator/net/exchange.h"
#include "protocol/ids.h"
#include "trace/clock.h"
#include "trace/mutex.h"

namespace devs {

// What was published under an Idempotency-Key, so that a repeat publishes nothing
// and gets the same answer.  Kept 10 minutes, 10 000 keys, the oldest out first.
//
// Thread-safe.
class IdempotencyTable {
 public:
  struct Published {
    Sequence last = 0;   // stored through here: the answer may go out
    std::string answer;  // of the first request, without its last brace
  };

  explicit IdempotencyTable(const Clock& clock) : clock_(clock) {}

  enum class Turn {
    yours,   // nobody used the key: publish, then settle() or give_up()
    waits,   // another request is publishing under it; `answer` was taken
    repeat,  // `published` says what was
  };
  Turn claim(const std::string& key, DeferredAnswer& answer, Published& published)
      DEVS_EXCLUDES(mutex_);
  // Both return who waited meanwhile.
  std::vector<DeferredAnswer> settle(const std::string& key, Published published)
      DEVS_EXCLUDES(mutex_);
  std::vector<DeferredAnswer> give_up(const std::string& key) DEVS_EXCLUDES(mutex_);
  std::size_t size() const DEVS_EXCLUDES(mutex_);

 private:
  struct Claim {
    TimePoint since;
    std::optional<Published> published;
    std::vector<DeferredAnswer> waiting;
  };
  struct Age {
    TimePoint since;
    std::string key;
  };
  void forget_old(TimePoint now) DEVS_REQUIRES(mutex_);

  const Clock& clock_;
  mutable Mutex mutex_;
  std::unordered_map<std::string, Claim> claims_ DEVS_GUARDED_BY(mutex_);
  std::deque<Age> ages_ DEVS_GUARDED_BY(mutex_);  // oldest first; may name what is gone
};

}  // namespace devs
