#pragma once

#include <memory>
#include <string>
#include <utility>

#include "orchestrator/mcp/rpc_reply.h"
#include "trace/mutex.h"
#include "trace/work.h"

namespace devs {

// The one answer owed to a batch (revision 2025-03-26): an array of the responses
// in the order in which they came, sent with the last of them.  Requests of a
// batch get no progress: there is no stream to carry it.
//
// Thread-safe.
class BatchReply : public std::enable_shared_from_this<BatchReply> {
 public:
  // Told once, with the last response: the array, or nothing when all were cancelled.
  using Answer = MoveFunction<void(std::string responses)>;

  // Each of the requests gets one slot() which ends once.
  BatchReply(Answer answer, std::size_t requests)
      : answer_(std::move(answer)), outstanding_(requests) {}

  // The place of one request; the reply lives as long as the batch is in hand.
  std::unique_ptr<RpcReply> slot();

 private:
  class Slot;
  class Listener;
  void add(RpcEnd end) DEVS_EXCLUDES(mutex_);

  Mutex mutex_;
  Answer answer_ DEVS_GUARDED_BY(mutex_);
  std::string responses_ DEVS_GUARDED_BY(mutex_);  // comma separated
  std::size_t outstanding_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
