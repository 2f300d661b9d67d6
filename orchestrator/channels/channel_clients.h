#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/channels/channel_key.h"
#include "trace/log.h"
#include "trace/mutex.h"

namespace devs {

// One open stream of a channel.
struct ChannelClient {
  std::string id;         // `clientId`, as its first frame told it
  std::string stream_id;  // as the hub knows it
  ChannelKey channel;
  bool in_messages = false;  // `framing=message`
  // Bytes for it alone that its stream was not given yet.
  std::shared_ptr<std::atomic<std::size_t>> on_its_way =
      std::make_shared<std::atomic<std::size_t>>(0);
};

// Who listens to which channel, and a line for each who comes and goes:
// `channel_connect`, `channel_disconnect`, with the clients of that channel and of all.
//
// Bounded by the streams the hub admits.  Thread-safe.
class ChannelClients {
 public:
  explicit ChannelClients(Log& log);
  ChannelClients(const ChannelClients&) = delete;
  ChannelClients& operator=(const ChannelClients&) = delete;

  // Present for as long as what is returned lives, which may outlive this.
  std::shared_ptr<void> enter(ChannelClient client);

  std::optional<ChannelClient> find(std::string_view id) const;
  std::vector<ChannelClient> all() const;
  std::size_t count() const;
  std::size_t count(std::string_view channel) const;  // of channels of that name
  std::size_t count(const ChannelKey& channel) const;

 private:
  class Register;
  const std::shared_ptr<Register> register_;
};

}  // namespace devs
