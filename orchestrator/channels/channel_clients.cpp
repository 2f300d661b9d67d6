#include "orchestrator/channels/channel_clients.h"

#include <utility>

namespace devs {

class ChannelClients::Register {
 public:
  explicit Register(Log& log) : log_(log) {}

  void enter(const ChannelClient& client) DEVS_EXCLUDES(mutex_) {
    std::size_t here = 0, all = 0;
    {
      MutexLock lock(mutex_);
      clients_.emplace(client.id, client);
      here = ++channels_[client.channel];
      all = clients_.size();
    }
    write("channel_connect", client, here, all);
  }

  void leave(const ChannelClient& client) DEVS_EXCLUDES(mutex_) {
    std::size_t here = 0, all = 0;
    {
      MutexLock lock(mutex_);
      if (clients_.erase(client.id) == 0) return;
      const auto channel = channels_.find(client.channel);
      here = --channel->second;
      if (here == 0) channels_.erase(channel);
      all = clients_.size();
    }
    write("channel_disconnect", client, here, all);
  }

  std::optional<ChannelClient> find(std::string_view id) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = clients_.find(id);
    return found == clients_.end() ? std::nullopt : std::optional(found->second);
  }

  std::vector<ChannelClient> all() const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    std::vector<ChannelClient> all;
    all.reserve(clients_.size());
    for (const auto& [id, client] : clients_) all.push_back(client);
    return all;
  }

  std::size_t count() const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return clients_.size();
  }

  std::size_t count(std::string_view channel) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    std::size_t count = 0;
    for (auto at = channels_.lower_bound({std::string(channel), {}});
         at != channels_.end() && at->first.name == channel; ++at)
      count += at->second;
    return count;
  }

  std::size_t count(const ChannelKey& channel) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = channels_.find(channel);
    return found == channels_.end() ? 0 : found->second;
  }

 private:
  void write(std::string_view event, const ChannelClient& client, std::size_t here,
             std::size_t all) {
    log_.info(event, {{"channel", client.channel.text()},
                      {"client", client.id},
                      {"clients", std::to_string(here)},
                      {"clients_of_all", std::to_string(all)}});
  }

  Log& log_;
  mutable Mutex mutex_;
  std::map<std::string, ChannelClient, std::less<>> clients_ DEVS_GUARDED_BY(mutex_);
  std::map<ChannelKey, std::size_t> channels_ DEVS_GUARDED_BY(mutex_);
};

ChannelClients::ChannelClients(Log& log) : register_(std::make_shared<Register>(log)) {
}

std::shared_ptr<void> ChannelClients::enter(ChannelClient client) {
  register_->enter(client);
  // Its end is its leaving.
  auto* const present = new ChannelClient(std::move(client));
  return std::shared_ptr<ChannelClient>(present, [all = register_](ChannelClient* gone) {
    all->leave(*gone);
    delete gone;
  });
}

std::optional<ChannelClient> ChannelClients::find(std::string_view id) const {
  return register_->find(id);
}
std::vector<ChannelClient> ChannelClients::all() const {
  return register_->all();
}
std::size_t ChannelClients::count() const {
  return register_->count();
}
std::size_t ChannelClients::count(std::string_view channel) const {
  return register_->count(channel);
}
std::size_t ChannelClients::count(const ChannelKey& channel) const {
  return register_->count(channel);
}

}  // namespace devs
