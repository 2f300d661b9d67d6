#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/upstream/line_reader.h"
#include "protocol/json_rpc.h"

namespace devs {

// What an upstream answered to one request of ours.
struct UpstreamReply {
  std::string result;             // compact JSON object text, verbatim
  bool is_error = false;          // its `isError`
  std::string next_cursor;        // its `nextCursor`, a list
  std::size_t listed = 0;         // elements of its `tools`, a list
  std::optional<RpcFault> fault;  // its JSON-RPC error, instead of a result
  std::string unavailable;        // no answer will come, and why; then nothing else is set
};

// One line of a child, understood.  A value: it may be made on a worker.
struct InboundMessage {
  enum class Kind { bad, request, notification, response };
  Kind kind = Kind::bad;
  std::string id;       // token as written; request and response
  std::string method;   // request and notification
  std::string params;   // JSON text, may be empty
  UpstreamReply reply;  // response
  // Bad: why, and which request of ours it was the answer to, when that is
  // certain in spite of all: the call need not wait for its deadline.
  std::string why;
  std::optional<std::uint64_t> answers;
};

// Through the guard (kUpstreamJson), then JSON-RPC.  Pure; a large line takes a
// while.  Batches and whatever is no message are `bad`.
InboundMessage decode_inbound(const StdioLineReader::Line& line);

// The id of a response whose bytes nobody parsed, from its two ends alone: sound
// for any well-formed JSON object, because its last brace closes the message.
std::optional<std::uint64_t> salvage_id(std::string_view first, std::string_view last);

// An id of ours in a response; nullopt for anything we never send.
std::optional<std::uint64_t> decode_own_id(std::string_view token);

}  // namespace devs
