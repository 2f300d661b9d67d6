#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/calls/tool_call.h"
#include "orchestrator/mcp/request_state.h"
#include "orchestrator/mcp/rpc_dispatcher.h"

namespace devs {

// What a running request has of its client besides the answer it owes: who it is, what
// it can be asked, and the ways to tell and to ask it.  One for both eras.  The functions
// made here may be called on any thread and keep what they need alive; after the answer
// they do nothing.

// Log messages of at least the level the client wants, on the stream of its request;
// empty when it wants none.
using LogFunction = std::function<void(LogLevel, std::string_view logger, std::string_view data)>;
LogFunction log_to(const RpcTurn& turn, const std::shared_ptr<CallListener>& listener);

// Legacy era: asks on the stream of the request, else on the session's own.  Empty where
// a question is the answer (modern era), or there is nobody to ask (no session).
using AskFunction = CallRequest::Ask;
AskFunction ask_of(const RpcTurn& turn, const std::shared_ptr<CallListener>& listener);

// The request ends: what its client was asked for it and has not answered is cancelled.
// Before the answer, on the same stream.
void withdraw_questions(const SessionPtr& session, const std::shared_ptr<CallListener>& listener);

// What the client can be asked, and in the modern era what a retry brings: answers, and
// the state of the rounds before.  The fault that ends the request here, if there is one.
std::optional<RpcEnd> take_client(const RpcTurn& turn, const StateOwner& owner, RequestState& into);

// Modern era: the result that asks the client to come back.
std::string input_required(const McpHouse& house, const StateOwner& owner, RequestState state,
                           const ToolOutcome& outcome);

// -32021 where there is that code, a result with isError where there is none.
RpcEnd missing_capability(std::string_view id, const RpcFault& fault, McpRevision revision,
                          bool as_result);

}  // namespace devs
