#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "orchestrator/upstream/inbound_message.h"
#include "trace/work.h"

namespace devs {

// Ids out, replies in, each matched once (MCP page 9).
//
// Ids are integers, never used twice for one upstream, also not by its next
// child, so that an answer can only meet its own question.
//
// Confined to the reactor.
class Correlation {
 public:
  using OnReply = MoveFunction<void(UpstreamReply)>;

  std::uint64_t next_id() { return ++last_id_; }
  void expect(std::uint64_t id, OnReply on_reply) { waiting_[id] = std::move(on_reply); }
  // Nobody waits for this one any more; its late answer is a stranger.
  bool forget(std::uint64_t id) { return waiting_.erase(id) > 0; }
  // False: unknown, late or answered already.
  bool answer(std::uint64_t id, UpstreamReply reply);
  // Everyone hears that no answer will come.
  void end_all(const std::string& why);

  std::size_t waiting() const { return waiting_.size(); }

 private:
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, OnReply> waiting_;
};

}  // namespace devs
