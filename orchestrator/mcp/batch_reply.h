#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/mcp/rpc_reply.h"
#include "orchestrator/net/exchange.h"
#include "trace/mutex.h"

namespace devs {

// The one answer owed to a batch (revision 2025-03-26): an array of the responses
// in the order in which they came, sent with the last of them.  Requests of a
// batch get no progress: there is no stream to carry it.
//
// Thread-safe.
class BatchReply : public std::enable_shared_from_this<BatchReply> {
 public:
  // REQUIRES: requests > 0; each of them gets one slot() which ends once.
  BatchReply(DeferredAnswer owed, std::size_t requests)
      : owed_(std::move(owed)), outstanding_(requests) {}

  // The place of one request; the reply lives as long as the batch is in hand.
  std::unique_ptr<RpcReply> slot();

 private:
  class Slot;
  class Listener;
  void add(RpcEnd end) DEVS_EXCLUDES(mutex_);

  Mutex mutex_;
  DeferredAnswer owed_ DEVS_GUARDED_BY(mutex_);
  std::string responses_ DEVS_GUARDED_BY(mutex_);  // comma separated
  std::size_t outstanding_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
