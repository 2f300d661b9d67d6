#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "orchestrator/mcp/client_channel.h"
#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/mcp/rpc_reply.h"
#include "orchestrator/net/principal.h"
#include "protocol/json_rpc.h"
#include "trace/mutex.h"

namespace devs {

// One client that says everything and hears everything one way (stdio, HTTP+SSE): the ladder
// of MCP page 4.1 without headers.  An `initialize` makes it a client of that legacy revision;
// requests that carry a modern `_meta` are served beside that, each for itself.
//
// Thread-safe.  Messages that depend on each other must come one after the other.
class PipeClient : public std::enable_shared_from_this<PipeClient> {
 public:
  PipeClient(McpHousePtr house, Principal principal, std::shared_ptr<ClientChannel> channel)
      : house_(std::move(house)), principal_(std::move(principal)), channel_(std::move(channel)) {}

  // One message as it came.  On a worker; never waits.  False: it was none, which is answered.
  bool receive(std::string_view text);
  // What was no message at all is answered too.
  void refuse(int rpc_code, std::string_view why);
  // It is gone: its session ends, and its calls are cancelled.
  void leave();

  const Principal& principal() const { return principal_; }

 private:
  class Reply;
  class Listener;

  bool receive_batch(JsonView messages);
  void receive_legacy(const RpcMessage& message);
  void receive_modern(const RpcMessage& message);
  void say(const RpcEnd& end);
  SessionPtr session() const DEVS_EXCLUDES(mutex_);
  void begin_session(const std::string& id) DEVS_EXCLUDES(mutex_);
  void end_session(const SessionPtr& session);

  // Requests of the modern era in flight.  False: one with this id is.
  bool add(const std::string& key, std::uint64_t number, std::function<void()> cancel)
      DEVS_EXCLUDES(mutex_);
  void remove(const std::string& key, std::uint64_t number) DEVS_EXCLUDES(mutex_);
  bool in_flight(const std::string& key) const DEVS_EXCLUDES(mutex_);
  bool cancel(const RpcMessage& notification) DEVS_EXCLUDES(mutex_);

  struct InFlight {
    std::uint64_t number = 0;
    std::function<void()> cancel;
  };

  const McpHousePtr house_;
  const Principal principal_;
  const std::shared_ptr<ClientChannel> channel_;

  mutable Mutex mutex_;
  SessionPtr session_ DEVS_GUARDED_BY(mutex_);
  std::map<std::string, InFlight> in_flight_ DEVS_GUARDED_BY(mutex_);  // by key of the id
  bool left_ DEVS_GUARDED_BY(mutex_) = false;
};

}  // namespace devs
