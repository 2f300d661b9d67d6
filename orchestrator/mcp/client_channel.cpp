#include "orchestrator/mcp/client_channel.h"

#include <algorithm>
#include <utility>

#include "protocol/mcp.h"

namespace devs {

bool ClientChannel::has_room(std::size_t bytes) const {
  return unsent_.empty() ||
         (unsent_.size() < kCrowdedMessages && unsent_bytes_ + bytes <= kCrowdedBytes);
}

bool ClientChannel::push(std::string message) {
  if (closed_) return false;
  if (unsent_bytes_ + message.size() > kMost) {
    closed_ = given_up_ = true;
    wake_posted_ = false;  // the reader is to know, though it can take nothing
    return false;
  }
  unsent_bytes_ += message.size();
  unsent_.push_back(std::move(message));
  return true;
}

bool ClientChannel::send(std::string_view message, Terms terms, std::uint64_t of) {
  bool sent = false, needed = false;
  {
    MutexLock lock(mutex_);
    if (of != 0 && !requests_.contains(of)) return false;  // it has had its response
    if (terms.once && std::find(unsent_.begin(), unsent_.end(), message) != unsent_.end())
      return true;
    if (terms.droppable && !has_room(message.size())) return false;
    push_held_of(of);
    sent = push(std::string(message));
    needed = needs_wake();
  }
  wake(needed);
  return sent;
}

std::uint64_t ClientChannel::open(std::string id, std::string progress_token) {
  MutexLock lock(mutex_);
  Request& request = requests_[++last_request_];
  request.id = std::move(id);
  request.progress_token = std::move(progress_token);
  return last_request_;
}

void ClientChannel::progress(std::uint64_t number, std::string_view fields) {
  const JsonView view(fields);
  bool needed = false;
  {
    MutexLock lock(mutex_);
    const auto found = requests_.find(number);
    if (found == requests_.end()) return;
    Request& request = found->second;
    if (request.progress_token.empty() || !request.rate.grows(view["progress"].number())) return;
    std::string message = encode_rpc_notification(
        "notifications/progress", with_progress_token(view, request.progress_token));
    if (request.held.empty() && has_room(message.size()) && request.rate.take(reactor_.now())) {
      push(std::move(message));
    } else {
      hold(number, request, std::move(message));
    }
    needed = needs_wake();
  }
  wake(needed);
}

void ClientChannel::finish(std::uint64_t number, std::string_view response) {
  bool needed = false;
  {
    MutexLock lock(mutex_);
    const auto found = requests_.find(number);
    if (found == requests_.end()) return;
    std::string held = take_held(number, found->second);
    if (!response.empty()) {
      if (!held.empty()) push(std::move(held));
      push(std::string(response));
    }
    requests_.erase(found);
    needed = needs_wake();
  }
  wake(needed);
}

std::size_t ClientChannel::owed() const {
  MutexLock lock(mutex_);
  return requests_.size();
}

void ClientChannel::refuse_owed(const RpcFault& fault) {
  bool needed = false;
  {
    MutexLock lock(mutex_);
    for (const auto& [number, request] : requests_) push(encode_rpc_error(request.id, fault));
    requests_.clear();
    holding_.clear();
    needed = needs_wake();
  }
  wake(needed);
}

void ClientChannel::close() {
  bool needed = false;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    needed = needs_wake();
  }
  wake(needed);
}

bool ClientChannel::crowded() const {
  MutexLock lock(mutex_);
  return !has_room(0);
}

bool ClientChannel::given_up() const {
  MutexLock lock(mutex_);
  return given_up_;
}

void ClientChannel::attach(std::function<void()> wake) {
  wake_ = std::move(wake);
}

void ClientChannel::hold(std::uint64_t number, Request& request, std::string message) {
  if (request.held.empty()) {
    request.due = request.rate.next();
    holding_.emplace(request.due, number);
  }
  request.held = std::move(message);
}

std::string ClientChannel::take_held(std::uint64_t number, Request& request) {
  if (!request.held.empty()) holding_.erase({request.due, number});
  return std::exchange(request.held, {});
}

void ClientChannel::push_held_of(std::uint64_t number) {
  const auto found = requests_.find(number);
  if (found == requests_.end()) return;
  if (std::string held = take_held(number, found->second); !held.empty()) push(std::move(held));
}

// What may go by now.
void ClientChannel::push_held(Taken& taken) {
  const TimePoint now = reactor_.now();
  while (!holding_.empty()) {
    const auto [due, number] = *holding_.begin();
    if (due > now) {
      taken.look_again = due;
      return;
    }
    Request& request = requests_.at(number);
    if (!unsent_.empty() && !has_room(request.held.size())) return;
    std::string held = take_held(number, request);
    if (request.rate.take(now)) {
      push(std::move(held));
    } else {
      hold(number, request, std::move(held));
    }
  }
}

ClientChannel::Taken ClientChannel::take(std::size_t max_bytes) {
  Taken taken;
  MutexLock lock(mutex_);
  wake_posted_ = false;
  push_held(taken);
  std::size_t bytes = 0;
  while (!unsent_.empty()) {
    const std::size_t size = unsent_.front().size();
    if (!taken.messages.empty() && bytes + size > max_bytes) {
      taken.more = true;
      return taken;
    }
    bytes += size;
    unsent_bytes_ -= size;
    taken.messages.push_back(std::move(unsent_.front()));
    unsent_.pop_front();
  }
  push_held(taken);  // what had no room
  taken.more = !unsent_.empty();
  taken.ended = closed_ && !taken.more;
  return taken;
}

bool ClientChannel::needs_wake() {
  return !std::exchange(wake_posted_, true);
}

void ClientChannel::wake(bool needed) {
  if (!needed) return;
  reactor_.post([self = shared_from_this()] {
    const auto call = self->wake_;  // which may detach the reader
    if (call) call();
  });
}

}  // namespace devs
