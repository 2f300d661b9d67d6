#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/calls/tool_call.h"
#include "protocol/json_rpc.h"
#include "trace/mutex.h"

namespace devs {

// What one client of the legacy era has been asked and not answered yet: requests from
// us to it, and the rounds of questions they belong to.
//
// A round is over when the last of its answers is in, or as soon as there can be none.
// A client's error ends a round as MRTR would see it: an elicitation counts as cancelled,
// anything else has no answer.  Thread-safe.
class HostRequests {
 public:
  // A client that never answers must not make us remember for ever.
  static constexpr std::size_t kMaxWaiting = 1'000;

  // Brings one message to the client; false when there is no way.
  using Send = std::function<bool(std::string_view message)>;

  // `asked` is called once, on any thread, also from within.  permission_denied: the
  // client's own error; unavailable: `send` found no way; cancelled: see withdraw(), to
  // which `owner` belongs, and close().
  void ask(const void* owner, std::vector<ClientQuestion> questions, const Send& send,
           CallRequest::Asked asked) DEVS_EXCLUDES(mutex_);
  // The request for which `owner` asked has ended: its rounds end, and the client is told
  // to stop (notifications/cancelled).
  void withdraw(const void* owner, const Send& send) DEVS_EXCLUDES(mutex_);
  // A response of the client; false when nobody asked.
  bool answer(const RpcMessage& response) DEVS_EXCLUDES(mutex_);
  // Nobody will answer any more: every round ends with `why`.
  void close(const Status& why) DEVS_EXCLUDES(mutex_);

  std::size_t waiting() const DEVS_EXCLUDES(mutex_);

 private:
  struct Round {
    const void* owner = nullptr;
    CallRequest::Asked asked;
    CallRequest::Answers answers;
    std::size_t owed = 0;
  };
  struct Waiting {
    std::shared_ptr<Round> round;
    std::string key, method;
  };
  std::string new_id(const std::string& key) DEVS_REQUIRES(mutex_);
  void end_round(const std::shared_ptr<Round>& round, const Status& why) DEVS_EXCLUDES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Waiting, std::less<>> waiting_ DEVS_GUARDED_BY(mutex_);  // by id token
  std::set<std::string> used_ DEVS_GUARDED_BY(mutex_);  // ids never used again
  std::uint64_t last_ DEVS_GUARDED_BY(mutex_) = 0;
  bool closed_ DEVS_GUARDED_BY(mutex_) = false;
};

}  // namespace devs
