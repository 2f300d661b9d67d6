#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/calls/call_desk.h"
#include "orchestrator/mcp/client_channel.h"
#include "orchestrator/mcp/host_requests.h"
#include "orchestrator/mcp/implicit_task.h"
#include "orchestrator/mcp/stream_shelf.h"
#include "protocol/client_capabilities.h"
#include "protocol/mcp_modern.h"
#include "protocol/mcp_version.h"
#include "trace/clock.h"
#include "trace/mutex.h"

namespace devs {

// A call a client may cancel, from before it is begun until it is answered.
// Thread-safe.
class RunningCall {
 public:
  explicit RunningCall(CallDesk& desk) : desk_(&desk) {}
  // One that no desk knows: cancel() calls `stop`, once.
  explicit RunningCall(std::function<void()> stop) : stop_(std::move(stop)) {}

  void begun(CallId id) DEVS_EXCLUDES(mutex_);
  // The client wants no answer any more; true even when it is too late to stop.
  void cancel(std::string_view reason) DEVS_EXCLUDES(mutex_);
  bool cancelled() const { return cancelled_; }
  // See CallDesk; false also before begun().
  bool ask_within(CallRequest::Ask ask) DEVS_EXCLUDES(mutex_);

 private:
  CallDesk* const desk_ = nullptr;
  const std::function<void()> stop_;
  std::atomic<bool> cancelled_{false};
  Mutex mutex_;
  CallId id_ DEVS_GUARDED_BY(mutex_) = 0;  // 0: not begun
  std::string reason_ DEVS_GUARDED_BY(mutex_);
};
using RunningCallPtr = std::shared_ptr<RunningCall>;

// One MCP client of the legacy era, from initialize to DELETE, expiry or eviction.
// What it is never changes; what it does is thread-safe.
class Session {
 public:
  struct Identity {
    std::string id;         // secret: 128 random bits as 32 hex digits
    std::string public_id;  // UUIDv7: what the trace calls it
    std::string principal;
    std::string client_name;
    McpRevision revision = kLatestLegacy;
    ClientCapabilities client{};
  };
  // With a channel, everything goes there, and the session lives as long as whoever holds it
  // says (stdio, HTTP+SSE); without one, there are the streams of Streamable HTTP.
  Session(Identity identity, Reactor& reactor, TimePoint now, std::uint64_t tools_seen,
          std::shared_ptr<ClientChannel> channel = nullptr);

  const Identity& identity() const { return identity_; }
  const std::shared_ptr<StreamShelf>& streams() const { return streams_; }
  // What belongs to no request in flight.  False: there is no way to the client now.
  bool tell(std::string_view message, StreamShelf::Terms terms);
  // A change: one that still waits unsent is enough.
  bool announce(std::string_view message);
  ImplicitTask& task() { return task_; }
  HostRequests& host_requests() { return host_requests_; }

  // Requests in flight by id; false when that id is in flight, or the session has
  // ended (then nothing begins here any more).
  bool add_call(std::string_view request_id, RunningCallPtr call) DEVS_EXCLUDES(mutex_);
  void remove_call(std::string_view request_id) DEVS_EXCLUDES(mutex_);
  RunningCallPtr find_call(std::string_view request_id) const DEVS_EXCLUDES(mutex_);
  std::size_t calls() const { return calls_in_flight_; }

  // Resources whose updates it wants, at most kMaxListenUris; false: it has so many.
  bool subscribe(std::string_view uri) DEVS_EXCLUDES(mutex_);
  void unsubscribe(std::string_view uri) DEVS_EXCLUDES(mutex_);
  bool subscribed(std::string_view uri) const DEVS_EXCLUDES(mutex_);

  // Cancels its calls, which ends their streams, and ends the standalone stream.
  // Idempotent.
  void end(std::string_view reason) DEVS_EXCLUDES(mutex_);

  void touch(TimePoint now) { last_used_ = now.time_since_epoch().count(); }
  TimePoint last_used() const { return TimePoint(Duration(last_used_)); }
  bool held() const { return channel_ != nullptr; }
  bool busy() const { return held() || calls_in_flight_ != 0 || streams_->readers() != 0; }

  void set_log_level(LogLevel level) { log_level_ = level; }
  LogLevel log_level() const { return log_level_; }

  // The generation of the tools this client has been told of.
  std::uint64_t tools_seen() const { return tools_seen_; }
  void saw_tools(std::uint64_t generation) { tools_seen_ = generation; }

 private:
  const Identity identity_;
  const std::shared_ptr<StreamShelf> streams_;
  const std::shared_ptr<ClientChannel> channel_;
  ImplicitTask task_;
  HostRequests host_requests_;
  std::atomic<Duration::rep> last_used_;
  std::atomic<std::uint64_t> tools_seen_;
  std::atomic<std::size_t> calls_in_flight_{0};
  std::atomic<LogLevel> log_level_{LogLevel::info};

  mutable Mutex mutex_;
  std::map<std::string, RunningCallPtr, std::less<>> calls_ DEVS_GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> subscriptions_ DEVS_GUARDED_BY(mutex_);
  bool ended_ DEVS_GUARDED_BY(mutex_) = false;
};
// Shared by the table, by requests in hand and by calls in flight.
using SessionPtr = std::shared_ptr<Session>;

}  // namespace devs
