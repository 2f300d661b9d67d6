#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/mcp/rpc_reply.h"
#include "orchestrator/mcp/slow_calls.h"
#include "orchestrator/net/exchange.h"

namespace devs {

// The HTTP answer owed to one call: a JSON body when the result is there before
// anything else; a stream from the first progress, or when the call has taken
// sse_after; a stream that says nothing when the client cancelled.
//
// A client of the legacy era that hangs up does not cancel: the answer of a stream is
// kept for resume by its session.  One of the modern era does (on_left).  Thread-safe.
class CallReply final : public CallListener,
                        public SlowCall,
                        public std::enable_shared_from_this<CallReply> {
 public:
  struct Options {
    SessionPtr session;  // null: without one, nothing is kept for resume
    bool sse = false;    // the client takes a stream
    std::string progress_token;
    // Modern era: whoever leaves the stream of an answer cancels what it is about.
    std::function<void()> on_left;
  };

  CallReply(McpHousePtr house, DeferredAnswer owed, Options options);
  ~CallReply() override;

  void progress(std::string_view fields) override DEVS_EXCLUDES(mutex_);
  bool say(std::string_view message, Say how) override DEVS_EXCLUDES(mutex_);
  void let_poll(std::chrono::milliseconds retry) override DEVS_EXCLUDES(mutex_);
  void end(RpcEnd end) override DEVS_EXCLUDES(mutex_);
  void slow() override;

 private:
  void begin_stream() DEVS_EXCLUDES(mutex_);
  std::shared_ptr<StreamShelf> shelf(std::uint64_t& stream) const DEVS_EXCLUDES(mutex_);

  const McpHousePtr house_;
  const Options options_;

  mutable Mutex mutex_;
  DeferredAnswer owed_ DEVS_GUARDED_BY(mutex_);                 // until a head is sent
  std::shared_ptr<StreamShelf> shelf_ DEVS_GUARDED_BY(mutex_);  // of the stream it became
  std::uint64_t stream_ DEVS_GUARDED_BY(mutex_) = 0;
  bool ended_ DEVS_GUARDED_BY(mutex_) = false;
};

// The reply of a request that came alone in its POST.
class HttpReply final : public RpcReply {
 public:
  HttpReply(const McpHousePtr& house, Exchange& exchange, SessionPtr session, bool sse)
      : house_(house), exchange_(exchange), session_(std::move(session)), sse_(sse) {}
  void now(RpcEnd end) override;
  std::shared_ptr<CallListener> later(std::string progress_token,
                                      std::function<void()> on_left) override;

 private:
  const McpHousePtr& house_;
  Exchange& exchange_;
  const SessionPtr session_;
  const bool sse_;
};

}  // namespace devs
