#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "orchestrator/mcp/progress_rate.h"
#include "orchestrator/mcp/stream_shelf.h"
#include "orchestrator/net/reactor.h"
#include "protocol/json_rpc.h"
#include "trace/mutex.h"

namespace devs {

// The one way to a client that has no other (stdio, HTTP+SSE): responses, progress, logs,
// questions and changes in the order in which they were said.
//
// What waits unsent is bounded.  A crowded channel drops logs, says a change once, keeps the
// newest progress of each request, and its client's requests should wait.  One message may
// wait whatever its size; what must not be dropped still goes in, up to kMost: a client that
// far behind is given up.
//
// Thread-safe; the reader's side belongs to the reactor.
class ClientChannel : public std::enable_shared_from_this<ClientChannel> {
 public:
  static constexpr std::size_t kCrowdedBytes = 256u << 10u;
  static constexpr std::size_t kCrowdedMessages = 1'000;
  static constexpr std::size_t kMost = 64u << 20u;

  explicit ClientChannel(Reactor& reactor) : reactor_(reactor) {}
  ClientChannel(const ClientChannel&) = delete;
  ClientChannel& operator=(const ClientChannel&) = delete;

  // --- producers ---

  // `of` is the request in flight it belongs to, whose progress comes first; 0: none.  False:
  // not taken.
  using Terms = StreamShelf::Terms;
  bool send(std::string_view message, Terms terms, std::uint64_t of = 0) DEVS_EXCLUDES(mutex_);
  // A request in flight that may have progress, until its response (empty: none comes).  `id`
  // as the client wrote it; `null`: of a batch.
  std::uint64_t open(std::string id, std::string progress_token) DEVS_EXCLUDES(mutex_);
  void progress(std::uint64_t request, std::string_view fields) DEVS_EXCLUDES(mutex_);
  void finish(std::uint64_t request, std::string_view response) DEVS_EXCLUDES(mutex_);
  // Requests that have no response yet; refuse_owed() gives them one, whatever comes later.
  std::size_t owed() const DEVS_EXCLUDES(mutex_);
  void refuse_owed(const RpcFault& fault) DEVS_EXCLUDES(mutex_);
  // Nothing more goes in.
  void close() DEVS_EXCLUDES(mutex_);

  bool crowded() const DEVS_EXCLUDES(mutex_);
  bool given_up() const DEVS_EXCLUDES(mutex_);

  // --- the reader ---

  // `wake` is called on the reactor when there is something to take.
  void attach(std::function<void()> wake);
  struct Taken {
    std::deque<std::string> messages;     // each one line of JSON
    bool more = false;                    // max_bytes stopped it
    bool ended = false;                   // closed, and all is taken
    std::optional<TimePoint> look_again;  // progress waits for its rate
  };
  Taken take(std::size_t max_bytes) DEVS_EXCLUDES(mutex_);

 private:
  struct Request {
    std::string id, progress_token;
    std::string held;  // the newest progress that may not go yet
    TimePoint due{};   // of what is held
    ProgressRate rate;
  };
  bool has_room(std::size_t bytes) const DEVS_REQUIRES(mutex_);
  bool push(std::string message) DEVS_REQUIRES(mutex_);
  void hold(std::uint64_t number, Request& request, std::string message) DEVS_REQUIRES(mutex_);
  std::string take_held(std::uint64_t number, Request& request) DEVS_REQUIRES(mutex_);
  void push_held_of(std::uint64_t request) DEVS_REQUIRES(mutex_);
  void push_held(Taken& taken) DEVS_REQUIRES(mutex_);
  bool needs_wake() DEVS_REQUIRES(mutex_);
  void wake(bool needed);

  Reactor& reactor_;
  std::function<void()> wake_;  // confined to the reactor

  mutable Mutex mutex_;
  std::deque<std::string> unsent_ DEVS_GUARDED_BY(mutex_);
  std::size_t unsent_bytes_ DEVS_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, Request> requests_ DEVS_GUARDED_BY(mutex_);
  // Those that hold something, the first due first.
  std::set<std::pair<TimePoint, std::uint64_t>> holding_ DEVS_GUARDED_BY(mutex_);
  std::uint64_t last_request_ DEVS_GUARDED_BY(mutex_) = 0;
  bool wake_posted_ DEVS_GUARDED_BY(mutex_) = false;
  bool closed_ DEVS_GUARDED_BY(mutex_) = false;
  bool given_up_ DEVS_GUARDED_BY(mutex_) = false;
};

}  // namespace devs
