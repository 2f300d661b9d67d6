#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/agents/agent_task.h"
#include "orchestrator/agents/agent_task_table.h"
#include "orchestrator/store/own_database.h"
#include "protocol/ids.h"
#include "protocol/result.h"

namespace devs {

// One task as a row: all that is answered of it.
struct AgentTaskRow {
  AgentTaskCard card;
  AgentTaskState state;
  std::string title, metadata;  // JSON object text
  std::string result, error;    // JSON text; words
};

// One message of a task: what one of its entries said.
struct AgentMessage {
  Sequence sequence = 0;
  std::string task, owner, type, content;
  std::optional<double> progress;
  std::string metadata;  // JSON object text
  std::int64_t created_ms = 0, expires_ms = 0;
};

// The tasks of agents and their messages on disk: `agent_tasks.db` (SQLite, WAL), with how
// far in the log they have come, so that what a crash took is folded again, once.
//
// Confined to one thread at a time; does I/O.
class AgentTaskStore {
 public:
  // Newest messages of one task that are kept, however young.
  static constexpr std::size_t kMaxMessages = 5'000;

  // `head`: the end of the log.  Of another log nothing is kept.  data_loss: no file of
  // ours, or damaged.  An empty path keeps nothing on disk.
  static Result<std::unique_ptr<AgentTaskStore>> open(const std::filesystem::path& file,
                                                      const Epoch& epoch, Sequence head);
  ~AgentTaskStore();
  AgentTaskStore(const AgentTaskStore&) = delete;
  AgentTaskStore& operator=(const AgentTaskStore&) = delete;

  struct Loaded {
    std::vector<AgentTaskTable::Kept> tasks;
    Sequence seen = 0;
  };
  Result<Loaded> load();

  Status add(const AgentTaskRow& task);
  Status edit(std::string_view id, const std::string* title, const std::string* metadata);
  Status remove(std::string_view id);

  // What folding changed of one task; texts are empty when they stay.
  struct Change {
    AgentTaskTable::Kept now;
    std::string result, error;
  };
  // All or nothing: the log through `seen` is in the tasks.
  Status save(const std::vector<Change>& changes, const std::vector<AgentMessage>& messages,
              Sequence seen);

  // nullopt: there is none.
  Result<std::optional<AgentTaskRow>> find(std::string_view id);
  struct Listing {
    std::optional<std::string> owner;       // nullopt: everybody's
    std::vector<AgentTaskStatus> statuses;  // empty: any
    std::size_t limit = 50, offset = 0;
  };
  struct Page {
    std::vector<AgentTaskRow> tasks;  // newest first
    std::size_t total = 0;
  };
  Result<Page> list(const Listing& wanted);
  // Count of each status, in the order of AgentTaskStatus.
  Result<std::vector<std::size_t>> counts(const std::optional<std::string>& owner);
  // Oldest first, those behind `since` that have not expired.
  Result<std::vector<AgentMessage>> messages(std::string_view id, Sequence since, std::size_t limit,
                                             std::int64_t now_ms);
  Result<std::size_t> message_count();
  Status prune_messages(std::int64_t now_ms);

 private:
  explicit AgentTaskStore(std::unique_ptr<SqlConnection> sql) : sql_(std::move(sql)) {}
  Status prepare(const Epoch& epoch, Sequence head);

  const std::unique_ptr<SqlConnection> sql_;
};

}  // namespace devs
