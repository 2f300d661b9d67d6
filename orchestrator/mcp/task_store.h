#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/store/sql.h"
#include "protocol/result.h"

namespace devs {

// How an MCP task stands.  `input_required` is never stored: a task that waits for its
// client ends with its process as one that works does.
enum class TaskStatus { working, input_required, completed, failed, cancelled };
std::string_view name_of(TaskStatus status);

// One MCP task (MCP page 5.4): a tools/call whose answer is fetched later.
struct TaskRecord {
  std::string key;        // 128 random bits as hex digits: what it is called here
  std::string id;         // the same, sealed for its principal: what clients call it
  std::string principal;  // whose it is
  TaskStatus status = TaskStatus::working;
  std::string message;          // statusMessage, for people; may be empty
  std::int64_t created_ms = 0;  // since 1970, as all times here
  std::int64_t updated_ms = 0;
  std::int64_t ttl_ms = 0;
  std::string result;        // completed: a CallToolResult, JSON text
  bool tool_failed = false;  // the result has isError
  std::string error;         // failed: a JSON-RPC error object, JSON text

  bool ended() const {
    return status != TaskStatus::working && status != TaskStatus::input_required;
  }
};

// The tasks of all principals on disk: `tasks.db` (SQLite, WAL) and, for results over
// kInlineResult, `tasks/<key>.json` beside it.  What create() or finish() has answered
// survives `kill -9`.
//
// An ended task stays for its ttl after its last change, never shorter.
//
// Confined to one thread at a time; does I/O, so never on the reactor.
class TaskStore {
 public:
  // Larger ones would make every other row slow to reach.
  static constexpr std::size_t kInlineResult = 1024 * 1024;

  // Tasks that ran when the process before us ended are `failed` from here on.  An empty
  // directory: in memory.  data_loss: no database of ours; the message names the way out.
  static Result<std::unique_ptr<TaskStore>> open(const std::filesystem::path& directory,
                                                 std::int64_t now_ms);
  ~TaskStore();
  TaskStore(const TaskStore&) = delete;
  TaskStore& operator=(const TaskStore&) = delete;

  Status create(const TaskRecord& task);
  // Its last state.
  Status finish(const TaskRecord& task);
  // Whole; nullopt: there is none.
  Result<std::optional<TaskRecord>> find(std::string_view key);

  struct Page {
    std::vector<TaskRecord> tasks;  // oldest first, without their results
    std::int64_t next = 0;          // what to pass as `after`; 0: this was the last page
  };
  Result<Page> page(std::string_view principal, std::int64_t after, std::size_t limit);

  // How many there are, by principal.
  using Kept = std::map<std::string, std::size_t, std::less<>>;
  Result<Kept> kept();
  // Removes what is past its time; answers whose, and how many.
  Result<Kept> expire(std::int64_t now_ms);

 private:
  struct Statements;
  TaskStore(std::filesystem::path directory, std::unique_ptr<SqlConnection> sql);
  Status prepare(std::int64_t now_ms);
  void remove_orphans();
  Result<bool> has(std::string_view key);
  std::filesystem::path file_of(std::string_view key) const;

  const std::filesystem::path directory_;  // empty: in memory
  const std::unique_ptr<SqlConnection> sql_;
  std::unique_ptr<Statements> statements_;
};

}  // namespace devs
