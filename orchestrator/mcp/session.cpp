#include "orchestrator/mcp/session.h"

#include <utility>

#include "orchestrator/mcp/listens.h"

namespace devs {

void RunningCall::begun(CallId id) {
  std::string reason;
  {
    MutexLock lock(mutex_);
    id_ = id;
    if (!cancelled_) return;
    reason = reason_;
  }
  desk_->cancel(id, "caller", reason);  // the cancellation overtook the beginning
}

void RunningCall::cancel(std::string_view reason) {
  CallId id = 0;
  {
    MutexLock lock(mutex_);
    if (cancelled_.exchange(true)) return;
    reason_ = reason;
    id = id_;
  }
  if (stop_) stop_();
  if (id != 0) desk_->cancel(id, "caller", reason);
}

bool RunningCall::ask_within(CallRequest::Ask ask) {
  CallId id = 0;
  {
    MutexLock lock(mutex_);
    id = id_;
  }
  return id != 0 && desk_->ask_within(id, std::move(ask));
}

Session::Session(Identity identity, Reactor& reactor, TimePoint now, std::uint64_t tools_seen,
                 std::shared_ptr<ClientChannel> channel)
    : identity_(std::move(identity)),
      streams_(std::make_shared<StreamShelf>(
          StreamShelf::Options{.resumable = true, .prime = has_icons(identity_.revision)},
          reactor)),
      channel_(std::move(channel)),
      last_used_(now.time_since_epoch().count()),
      tools_seen_(tools_seen) {
}

bool Session::tell(std::string_view message, StreamShelf::Terms terms) {
  return channel_ ? channel_->send(message, terms) : streams_->send_standalone(message, terms);
}

bool Session::announce(std::string_view message) {
  return channel_ ? channel_->send(message, {.once = true}) : streams_->announce(message);
}

bool Session::add_call(std::string_view request_id, RunningCallPtr call) {
  MutexLock lock(mutex_);
  if (ended_ || !calls_.emplace(request_id, std::move(call)).second) return false;
  ++calls_in_flight_;
  return true;
}

void Session::remove_call(std::string_view request_id) {
  MutexLock lock(mutex_);
  const auto found = calls_.find(request_id);
  if (found == calls_.end()) return;
  calls_.erase(found);
  --calls_in_flight_;
}

RunningCallPtr Session::find_call(std::string_view request_id) const {
  MutexLock lock(mutex_);
  const auto found = calls_.find(request_id);
  return found == calls_.end() ? nullptr : found->second;
}

bool Session::subscribe(std::string_view uri) {
  MutexLock lock(mutex_);
  if (subscriptions_.size() >= kMaxListenUris && !subscriptions_.contains(uri)) return false;
  subscriptions_.emplace(uri);
  return true;
}

void Session::unsubscribe(std::string_view uri) {
  MutexLock lock(mutex_);
  const auto found = subscriptions_.find(uri);
  if (found != subscriptions_.end()) subscriptions_.erase(found);
}

bool Session::subscribed(std::string_view uri) const {
  MutexLock lock(mutex_);
  return subscriptions_.contains(uri);
}

void Session::end(std::string_view reason) {
  std::vector<RunningCallPtr> calls;
  {
    MutexLock lock(mutex_);
    ended_ = true;
    for (const auto& [id, call] : calls_) calls.push_back(call);
  }
  for (const RunningCallPtr& call : calls) call->cancel(reason);
  host_requests_.close(Status(Code::cancelled, std::string(reason)));
  streams_->close(0);
}

}  // namespace devs
