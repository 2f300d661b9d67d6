#include "orchestrator/mcp/client_channel.h"

#include <algorithm>
#include <utility>

#include "protocol/json_rpc.h"
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

std::uint64_t ClientChannel::open(std::string progress_token) {
  MutexLock lock(mutex_);
  requests_[++last_request_].progress_token = std::move(progress_token);
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
      request.held = std::move(message);
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
    if (!response.empty()) {
      push_held_of(number);
      push(std::string(response));
      needed = needs_wake();
    }
    requests_.erase(found);
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

void ClientChannel::push_held_of(std::uint64_t number) {
  const auto found = requests_.find(number);
  if (found != requests_.end() && !found->second.held.empty())
    push(std::exchange(found->second.held, {}));
}

// What may go by now.
void ClientChannel::push_held(Taken& taken) {
  for (auto& [number, request] : requests_) {
    if (request.held.empty() || !has_room(request.held.size())) continue;
    if (request.rate.take(reactor_.now())) {
      push(std::exchange(request.held, {}));
    } else if (!taken.look_again || request.rate.next() < *taken.look_again) {
      taken.look_again = request.rate.next();
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
