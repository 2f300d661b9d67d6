// What a child says, and what we make of it: the reading half of StdioUpstream.

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "orchestrator/upstream/handshake.h"
#include "orchestrator/upstream/stdio_upstream.h"
#include "protocol/json_rpc.h"

namespace devs {
namespace {

// Banners and stray prints are forgiven; a child that only talks nonsense is not.
constexpr unsigned kMaxBadInARow = 20;
constexpr std::chrono::seconds kQuietBeforePing{60};
constexpr std::chrono::seconds kPingDeadline{30};

}  // namespace

void StdioUpstream::on_message(InboundMessage message) {
  if (message.kind == InboundMessage::Kind::bad) {
    on_bad(message);
    return;
  }
  bad_in_a_row_ = 0;
  heard();
  switch (message.kind) {
    case InboundMessage::Kind::response: {
      const std::optional<std::uint64_t> id = decode_own_id(message.id);
      if (!id || !correlation_.answer(*id, std::move(message.reply))) stray_replies_.add();
      break;
    }
    case InboundMessage::Kind::request:
      on_request(message);
      break;
    case InboundMessage::Kind::notification:
    case InboundMessage::Kind::bad:
      on_notification(message);
      break;
  }
}

void StdioUpstream::on_bad(const InboundMessage& message) {
  junk_lines_.add();
  const TimePoint now = house_.reactor.now();
  if (now - junk_told_ >= std::chrono::seconds(1)) {  // one a second is enough to read
    junk_told_ = now;
    house_.log.warn("upstream_junk_line",
                    {{"server", options_.config.key}, {"reason", message.why}});
  }
  if (message.answers) {
    UpstreamReply reply;
    reply.fault = RpcFault{kRpcInternal,
                           fmt::format("the answer of upstream `{}` was refused: {}",
                                       options_.config.key, message.why),
                           {}};
    correlation_.answer(*message.answers, std::move(reply));
  }
  if (++bad_in_a_row_ == kMaxBadInARow)
    go_down(fmt::format("it wrote {} lines in a row that are no JSON-RPC", kMaxBadInARow));
}

void StdioUpstream::on_request(const InboundMessage& message) {
  if (message.method == "ping") {
    send(encode_rpc_result(message.id, "{}"));
  } else if (message.method == "roots/list") {
    send(encode_rpc_result(message.id, encode_roots(options_.config.roots)));
  } else {
    send(encode_rpc_error(message.id, {kRpcMethodNotFound, "not supported by this client", {}}));
  }
}

void StdioUpstream::on_notification(const InboundMessage& message) {
  if (message.method == "notifications/progress") {
    if (!calls_->progress(JsonView(message.params))) dropped_notifications_.add();
  } else if (message.method == "notifications/tools/list_changed") {
    if (phase_ == Phase::up) catalogue_.changed();
  } else {
    dropped_notifications_.add();
  }
}

void StdioUpstream::heard() {
  pinged_ = false;
  if (phase_ == Phase::up)
    house_.reactor.timers().set(quiet_, house_.reactor.now() + kQuietBeforePing);
}

// Nothing came for a minute, or for half a minute after a ping.
void StdioUpstream::on_quiet() {
  if (pinged_) {
    go_down(fmt::format("it did not answer a ping within {} s", kPingDeadline.count()));
    return;
  }
  auto again = kQuietBeforePing;
  if (calls_->idle()) {  // a call may keep a simple server busy; its deadline watches it
    pinged_ = true;
    ask("ping", {}, [](UpstreamReply) {});
    again = kPingDeadline;
  }
  house_.reactor.timers().set(quiet_, house_.reactor.now() + again);
}

}  // namespace devs
