#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "orchestrator/mcp/session.h"
#include "protocol/result.h"
#include "trace/mutex.h"

namespace devs {

// Which sessions there are.  A session is found by (principal, id): somebody
// else's is as unknown as one that never was.
//
// Bounded: full, the longest idle session without calls or streams makes room,
// and when there is none the newcomer is refused.  Finding one is a use.
// Thread-safe.  Sessions that leave are handed out, for the caller to end.
class SessionTable {
 public:
  struct Options {
    std::size_t max_sessions = 10'000;
    std::size_t max_per_principal = 1'000;
    std::chrono::milliseconds idle{1'800'000};
    std::chrono::milliseconds idle_with_stream{86'400'000};
  };

  explicit SessionTable(Options options) : options_(options) {}

  // resource_exhausted: full of busy ones.  `evicted` is who made room, or null.
  Status add(SessionPtr session, SessionPtr& evicted) DEVS_EXCLUDES(mutex_);
  SessionPtr find(std::string_view principal, std::string_view id, TimePoint now)
      DEVS_EXCLUDES(mutex_);
  SessionPtr take(std::string_view principal, std::string_view id) DEVS_EXCLUDES(mutex_);
  std::vector<SessionPtr> take_expired(TimePoint now) DEVS_EXCLUDES(mutex_);
  std::vector<SessionPtr> take_all() DEVS_EXCLUDES(mutex_);
  std::vector<SessionPtr> all() const DEVS_EXCLUDES(mutex_);
  std::size_t size() const DEVS_EXCLUDES(mutex_);

 private:
  struct Row;
  using Order = std::list<Row*>;  // longest unused first
  struct Row {
    SessionPtr session;
    Order::iterator in_all;
    Order::iterator in_own;
  };
  // Both maps are asked with views, once per request.
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  template <class Value>
  using Map = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  Row* row_of(std::string_view principal, std::string_view id) DEVS_REQUIRES(mutex_);
  void move_to_end(Row& row) DEVS_REQUIRES(mutex_);
  SessionPtr erase(Row& row) DEVS_REQUIRES(mutex_);
  SessionPtr evict_from(Order& order) DEVS_REQUIRES(mutex_);

  const Options options_;

  mutable Mutex mutex_;
  Map<Row> rows_ DEVS_GUARDED_BY(mutex_);
  Order all_ DEVS_GUARDED_BY(mutex_);
  Map<Order> by_principal_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
