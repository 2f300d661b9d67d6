#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "orchestrator/net/http_message.h"
#include "protocol/json_rpc.h"
#include "protocol/mcp_version.h"

namespace devs {

// Codes of MCP itself, of the legacy era.
inline constexpr int kRpcNoSession = -32000;
inline constexpr int kRpcUnknownSession = -32001;
inline constexpr int kRpcResourceNotFound = -32002;

// How one request ended: the response as JSON-RPC text, and what HTTP says beside
// it as long as no head has been sent.
struct RpcEnd {
  std::string message;
  int http_status = 200;
  std::string session_id;    // of a session that has just begun
  bool retry_later = false;  // Retry-After
  bool silent = false;       // cancelled by the client: no response
};
RpcEnd result_end(std::string_view id, std::string_view result);
RpcEnd fault_end(std::string_view id, const RpcFault& fault, int http_status = 200);
// -32603 with `data.reason`: overload, or a recorder that cannot store.
RpcEnd refused_end(std::string_view id, const Status& refused);
HttpAnswer http_answer_of(RpcEnd end);
HttpAnswer empty_answer(int http_status);  // 202, 204

// What a call tells while it runs, and once when it ends.  Any thread.
class CallListener {
 public:
  virtual ~CallListener() = default;
  virtual void progress(std::string_view fields) = 0;
  // A message of ours to the client before the answer.  `droppable`: not when too much
  // waits unsent (a log).  `once`: not while the same waits unsent (a change).  False:
  // there is no way to the client on this answer, or it was dropped.
  enum class Say { always, droppable, once };
  virtual bool say(std::string_view message, Say how) = 0;
  // Ends the stream of the answer, for which the client is to come back after `retry`;
  // nothing where it could not.
  virtual void let_poll(std::chrono::milliseconds retry) { static_cast<void>(retry); }
  virtual void end(RpcEnd end) = 0;  // exactly once
};

// The one answer owed to one request; exactly one of now() and later(), once, on
// the http worker that has the request in hand.
class RpcReply {
 public:
  virtual ~RpcReply() = default;
  virtual void now(RpcEnd end) = 0;
  // `progress_token` is empty when the client asked for none.  `on_left`, when there is
  // one, is called on the reactor if the client leaves before the answer: it may be
  // called after it as well.
  virtual std::shared_ptr<CallListener> later(std::string progress_token,
                                              std::function<void()> on_left) = 0;
};

}  // namespace devs
