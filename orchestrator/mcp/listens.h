#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/mcp/rpc_reply.h"
#include "protocol/json.h"
#include "protocol/result.h"
#include "trace/mutex.h"

namespace devs {

// What a `subscriptions/listen` asks for, and all it will be sent (MCP page 5.2).
struct ListenFilter {
  bool tools = false, prompts = false, resources = false;  // ...ListChanged
  std::set<std::string> uris;                              // resourceSubscriptions
  std::map<std::string, std::string, std::less<>> tasks;   // taskIds: their keys to them
};
// A URI, or the id of a task, is remembered per listen.
inline constexpr std::size_t kMaxListenUris = 1'000;
// The key of a task this client may see, by its id.
using TaskKeyOf = std::function<std::optional<std::string>(const std::string& id)>;
// invalid_argument naming the member.
// Ids of tasks that it may not see are left out, as if they were gone.
Result<ListenFilter> decode_listen(JsonView params, const TaskKeyOf& task_key_of);

// The open listens of the modern era.  A listen is a request whose answer comes when the
// house closes; a change is one notification to each that asked for it, and one that
// still waits unsent is enough.
//
// The state of a task is told whole or not at all, and its client need not ask for what it
// was not told.  So a listen that has no room for one ends with its response: its client is
// behind, and knows that it has to ask.
//
// Thread-safe.
class Listens {
 public:
  static constexpr std::size_t kMaxPerPrincipal = 16;
  enum class Change { tools, prompts, resources };

  // `version` is ours, which each response names.
  explicit Listens(std::string version) : version_(std::move(version)) {}

  // Acknowledges and keeps it.  resource_exhausted: too many of this principal.
  // `id` is the request's token; `number` is what remove() takes.
  Status add(std::string_view principal, std::string_view id, ListenFilter filter,
             std::shared_ptr<CallListener> listener, std::uint64_t number) DEVS_EXCLUDES(mutex_);
  std::uint64_t next_number() DEVS_EXCLUDES(mutex_);
  // False: it is not kept any more.
  bool remove(std::uint64_t number) DEVS_EXCLUDES(mutex_);

  void changed(Change change) DEVS_EXCLUDES(mutex_);
  void updated(std::string_view uri) DEVS_EXCLUDES(mutex_);
  // Whether anybody has named it.
  bool wants_task(std::string_view key) const DEVS_EXCLUDES(mutex_);
  // `task` is the whole of it, a JSON object.
  void task_changed(std::string_view key, std::string_view task) DEVS_EXCLUDES(mutex_);
  // Each ends with its response.
  void close() DEVS_EXCLUDES(mutex_);

  std::size_t size() const DEVS_EXCLUDES(mutex_);

 private:
  // A notification, and whether it waits however much waits before it.
  struct Note {
    std::string text;
    CallListener::Say how = CallListener::Say::once;
    bool operator==(const Note&) const = default;
  };
  struct Listen {
    std::string principal, id;
    ListenFilter filter;
    std::shared_ptr<CallListener> listener;
    // What happened before the acknowledgement was said; it comes first.
    bool acknowledged = false;
    std::vector<Note> early;
  };
  // Says what came early, until there is nothing more.
  void acknowledge(std::uint64_t number) DEVS_EXCLUDES(mutex_);
  // False: it had no room, and has ended.
  bool say(std::uint64_t number, CallListener& to, const Note& note) DEVS_EXCLUDES(mutex_);
  // `members` are those of its params, each with a comma at its end.
  template <class Wants>
  void tell(std::string_view method, std::string_view members, CallListener::Say how, Wants wants)
      DEVS_EXCLUDES(mutex_);
  void end(std::string_view id, CallListener& listener) const;

  const std::string version_;
  mutable Mutex mutex_;
  std::map<std::uint64_t, Listen> listens_ DEVS_GUARDED_BY(mutex_);
  std::set<std::uint64_t> pending_ DEVS_GUARDED_BY(mutex_);  // given out, not added yet
  std::uint64_t last_ DEVS_GUARDED_BY(mutex_) = 0;           // number given out
  bool closed_ DEVS_GUARDED_BY(mutex_) = false;
};

}  // namespace devs
