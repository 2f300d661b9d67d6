#include "orchestrator/mcp/pipe_client.h"

#include <utility>
#include <variant>

#include "orchestrator/mcp/message_batch.h"
#include "orchestrator/mcp/modern_post.h"
#include "orchestrator/mcp/rpc_dispatcher.h"
#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {

using Kind = RpcMessage::Kind;

// A request whose response comes later.
class PipeClient::Listener final : public CallListener {
 public:
  Listener(std::shared_ptr<PipeClient> client, std::string key, std::uint64_t number,
           bool is_listen)
      : client_(std::move(client)), key_(std::move(key)), number_(number), is_listen_(is_listen) {}
  ~Listener() override { end_with({}); }

  void progress(std::string_view fields) override { channel().progress(number_, fields); }
  bool say(std::string_view message, Say how) override {
    return channel().send(message, {.droppable = how == Say::droppable, .once = how == Say::once},
                          number_);
  }
  void end(RpcEnd end) override {
    end_with(end.silent ? std::string_view() : std::string_view(end.message));
    if (!is_listen_ || end.silent || end.http_status != 200) return;
    // A pipe does not end with its listen: this says that nothing more comes.
    channel().send(
        encode_rpc_notification("notifications/cancelled", "{\"requestId\":" + key_ + "}"), {});
  }

 private:
  ClientChannel& channel() const { return *client_->channel_; }
  void end_with(std::string_view response) {
    client_->remove(key_, number_);
    channel().finish(number_, response);
  }

  const std::shared_ptr<PipeClient> client_;
  const std::string key_;  // of its id
  const std::uint64_t number_;
  const bool is_listen_;
};

class PipeClient::Reply final : public RpcReply {
 public:
  Reply(PipeClient& client, const RpcMessage& message) : client_(client), message_(message) {}

  void now(RpcEnd end) override {
    if (!end.session_id.empty()) client_.begin_session(end.session_id);
    client_.say(end);
  }
  std::shared_ptr<CallListener> later(std::string progress_token,
                                      std::function<void()> on_left) override {
    const std::uint64_t number =
        client_.channel_->open(std::string(message_.id), std::move(progress_token));
    std::string key = request_key(message_.id);
    const bool gone = on_left && !client_.add(key, number, on_left);
    auto listener = std::make_shared<Listener>(client_.shared_from_this(), std::move(key), number,
                                               message_.method == "subscriptions/listen");
    if (gone) on_left();
    return listener;
  }

 private:
  PipeClient& client_;
  const RpcMessage& message_;
};

bool PipeClient::receive(std::string_view line) {
  const auto text = compact_json(line, kLineJson);
  if (!text.ok()) {
    refuse(kRpcParseError, text.status().message());
    return false;
  }
  if (const JsonView messages(*text); messages.is_array()) return receive_batch(messages);
  const auto decoded = decode_rpc(*text);
  if (const auto* refusal = std::get_if<RpcRefusal>(&decoded)) {
    say(fault_end(refusal->id, refusal->fault));
    return false;
  }
  const RpcMessage& message = std::get<RpcMessage>(decoded);
  if (house_->is_modern(meta_protocol_version(message.params).present())) {
    receive_modern(message);
  } else {
    receive_legacy(message);
  }
  return true;
}

void PipeClient::refuse(int rpc_code, std::string_view why) {
  say(fault_end({}, {.code = rpc_code, .message = std::string(why), .data = {}}));
}

bool PipeClient::receive_batch(JsonView messages) {
  const SessionPtr session = this->session();
  const MessageBatch batch = decode_batch(messages);
  if (const char* complaint = batch_complaint(batch, session.get())) {
    refuse(kRpcInvalidRequest, complaint);
    return false;
  }
  const std::uint64_t number = responses_owed(batch) == 0 ? 0 : channel_->open("null", {});
  run_batch(house_, principal_, session, batch,
            [channel = channel_, number](const std::string& responses) {
              channel->finish(number, responses);
            });
  return true;
}

void PipeClient::receive_legacy(const RpcMessage& message) {
  const SessionPtr session = this->session();
  const bool is_request = message.kind == Kind::request;
  if (!session && !house_->options.sessionless && message.method != "initialize") {
    if (is_request) say(fault_end(message.id, {kRpcNoSession, "initialize has to come first", {}}));
    return;
  }
  const RpcTurn turn{.house = house_,
                     .message = message,
                     .principal = principal_,
                     .session = session,
                     .revision = session ? session->identity().revision : McpRevision::v2025_03_26,
                     .channel = channel_};
  if (is_request) {
    Reply reply(*this, message);
    return dispatch_request(turn, reply);
  }
  if (message.kind == Kind::notification) {
    if (message.method != "notifications/cancelled" || !cancel(message))
      dispatch_notification(turn);
  } else if (!session || !session->host_requests().answer(message)) {
    house_->stray_responses.add();
  }
}

void PipeClient::receive_modern(const RpcMessage& message) {
  if (message.kind == Kind::notification) {
    if (message.method == "notifications/cancelled" && !cancel(message))
      house_->unknown_cancels.add();
    return;
  }
  RequestMeta meta;
  if (auto refused = modern_refusal(*house_, nullptr, message, meta)) return say(*refused);
  if (in_flight(request_key(message.id))) {
    return say(fault_end(message.id, id_in_flight()));
  }
  const RpcTurn turn{.house = house_,
                     .message = message,
                     .principal = principal_,
                     .session = nullptr,
                     .revision = kLatestModern,
                     .meta = &meta};
  Reply reply(*this, message);
  dispatch_request(turn, reply);
}

void PipeClient::say(const RpcEnd& end) {
  if (!end.silent) channel_->send(end.message, {});
}

SessionPtr PipeClient::session() const {
  MutexLock lock(mutex_);
  return session_;
}

void PipeClient::begin_session(const std::string& id) {
  SessionPtr begun = house_->sessions.find(principal_.name, id, house_->reactor.now());
  {
    MutexLock lock(mutex_);
    if (!session_ && !left_) std::swap(session_, begun);
  }
  if (begun) end_session(begun);  // two at once, or too late
}

void PipeClient::end_session(const SessionPtr& session) {
  const Session::Identity& who = session->identity();
  if (!house_->sessions.take(who.principal, who.id)) return;
  house_->sessions_open.set(house_->sessions.size());
  session->end("the client has left");
}

bool PipeClient::add(const std::string& key, std::uint64_t number, std::function<void()> cancel) {
  MutexLock lock(mutex_);
  return !left_ && in_flight_.emplace(key, InFlight{number, std::move(cancel)}).second;
}

void PipeClient::remove(const std::string& key, std::uint64_t number) {
  MutexLock lock(mutex_);
  const auto found = in_flight_.find(key);
  if (found != in_flight_.end() && found->second.number == number) in_flight_.erase(found);
}

bool PipeClient::in_flight(const std::string& key) const {
  MutexLock lock(mutex_);
  return in_flight_.contains(key);
}

bool PipeClient::cancel(const RpcMessage& notification) {
  const JsonView id = notification.params["requestId"];
  if (!id.present()) return false;
  std::function<void()> cancel;
  {
    MutexLock lock(mutex_);
    const auto found = in_flight_.find(request_key(id.text()));
    if (found == in_flight_.end()) return false;
    cancel = std::move(found->second.cancel);
    in_flight_.erase(found);
  }
  cancel();
  return true;
}

void PipeClient::leave() {
  SessionPtr session;
  std::map<std::string, InFlight> in_flight;
  {
    MutexLock lock(mutex_);
    left_ = true;
    session = std::move(session_);
    in_flight.swap(in_flight_);
  }
  channel_->close();
  for (const auto& [key, request] : in_flight) request.cancel();
  for (const RunningCallPtr& call : house_->loose.of(channel_.get()))
    call->cancel("the client has left");
  if (session) end_session(session);
}

}  // namespace devs
