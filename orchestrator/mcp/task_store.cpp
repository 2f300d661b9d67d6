#include "orchestrator/mcp/task_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace devs {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kNames{"working", "input_required", "completed", "failed",
                                                 "cancelled"};
constexpr std::int64_t kApplicationId = 0x64746173;  // "dtas": a file of somebody else is not ours
constexpr std::int64_t kFormat = 1;

constexpr const char* kSchema =
    "CREATE TABLE tasks(number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,"
    " id TEXT NOT NULL, principal TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL,"
    " created INTEGER NOT NULL, updated INTEGER NOT NULL, ttl INTEGER NOT NULL,"
    " expires INTEGER, tool_failed INTEGER NOT NULL, result TEXT NOT NULL,"
    " in_file INTEGER NOT NULL, error TEXT NOT NULL);"
    "CREATE INDEX tasks_of ON tasks(principal, number);"
    "CREATE INDEX tasks_expire ON tasks(expires) WHERE expires IS NOT NULL;"
    "CREATE INDEX tasks_run ON tasks(key) WHERE status = 'working';";

constexpr const char* kColumns =
    "number,key,id,principal,status,message,created,updated,ttl,tool_failed,error";

constexpr std::string_view kStopped =
    R"({"code":-32603,"message":"The orchestrator stopped before the task ended."})";

TaskStatus status_of(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<TaskStatus>(i);
  return TaskStatus::failed;
}

// Of a row of kColumns.
TaskRecord record_of(const SqlStatement& row) {
  TaskRecord task;
  task.key = row.text(1);
  task.id = row.text(2);
  task.principal = row.text(3);
  task.status = status_of(row.text(4));
  task.message = row.text(5);
  task.created_ms = row.integer(6);
  task.updated_ms = row.integer(7);
  task.ttl_ms = row.integer(8);
  task.tool_failed = row.integer(9) != 0;
  task.error = row.text(10);
  return task;
}

// Whole or not at all: under another name until it is complete.
Status write_file(const fs::path& file, std::string_view text) {
  const fs::path part = file.string() + ".part";
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  std::error_code failed;
  if (out) fs::rename(part, file, failed);
  if (out && !failed) return {};
  return Status(Code::unavailable, file.string() + ": could not be written");
}

Result<std::string> read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in || text.empty()) return Status(Code::data_loss, file.string() + ": could not be read");
  return text;
}

}  // namespace

std::string_view name_of(TaskStatus status) {
  return kNames[static_cast<std::size_t>(status)];
}

struct TaskStore::Statements {
  SqlStatement create, finish, find, page, kept, expired, remove;
};

TaskStore::TaskStore(fs::path directory, std::unique_ptr<SqlConnection> sql)
    : directory_(std::move(directory)), sql_(std::move(sql)) {
}
TaskStore::~TaskStore() = default;

Result<std::unique_ptr<TaskStore>> TaskStore::open(const fs::path& directory, std::int64_t now_ms) {
  const bool in_memory = directory.empty();
  const fs::path file = directory / "tasks.db";
  const auto refused = [&file](const Status& why) {
    std::string words = file.string() + ": " + why.message();
    if (why.code() == Code::data_loss)
      words += "; remove it to begin with no tasks (those in it are lost)";
    return Status(why.code(), std::move(words));
  };
  // Its owner's alone from the beginning; SQLite gives its log files the same mode.
  if (!in_memory) ::close(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  auto sql = SqlConnection::open(
      file, in_memory ? SqlConnection::Mode::memory : SqlConnection::Mode::write);
  if (!sql.ok()) return refused(sql.status());
  std::unique_ptr<TaskStore> store(new TaskStore(directory, std::move(*sql)));
  if (Status ready = store->prepare(now_ms); !ready.ok()) return refused(ready);
  if (!in_memory) store->remove_orphans();
  return store;
}

Status TaskStore::prepare(std::int64_t now_ms) {
  if (!directory_.empty()) {
    std::error_code failed;
    fs::create_directory(directory_ / "tasks", failed);
    if (failed)
      return Status(Code::unavailable, (directory_ / "tasks").string() + ": " + failed.message());
    fs::permissions(directory_ / "tasks", fs::perms::owner_all, failed);
  }
  if (Status set = sql_->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"); !set.ok())
    return set;
  auto id = sql_->number("PRAGMA application_id");
  auto format = sql_->number("PRAGMA user_version");
  auto tables = sql_->number("SELECT count(*) FROM sqlite_schema");
  if (!id.ok()) return id.status();
  if (!format.ok() || !tables.ok()) return Status(Code::data_loss, "is no database of tasks");
  if (*tables == 0) {
    const std::string begin =
        "BEGIN IMMEDIATE; PRAGMA application_id=" + std::to_string(kApplicationId) +
        "; PRAGMA user_version=" + std::to_string(kFormat) + ";" + kSchema + "COMMIT";
    if (Status made = sql_->execute(begin.c_str()); !made.ok()) return made;
  } else if (*id != kApplicationId || *format != kFormat) {
    return Status(Code::data_loss, "is no database of tasks of this version");
  }

  auto lost = sql_->prepare(
      "UPDATE tasks SET status='failed', error=?1, updated=?2, expires=?2+ttl "
      "WHERE status='working'");
  if (!lost.ok()) return lost.status();
  if (Status told = lost->bind(1, kStopped).bind(2, now_ms).run(); !told.ok()) return told;

  const std::string columns = kColumns;
  Status wrong;
  const auto made = [&](const std::string& text) {
    auto statement = sql_->prepare(text);
    if (!statement.ok()) wrong = statement.status();
    return statement;
  };
  auto create = made(
      "INSERT INTO tasks(key,id,principal,status,message,created,updated,ttl,tool_failed,result,"
      "in_file,error) VALUES(?1,?2,?3,'working',?4,?5,?6,?7,0,'',0,'')");
  auto finish = made(
      "UPDATE tasks SET status=?2, message=?3, updated=?4, expires=?5, tool_failed=?6, result=?7,"
      " in_file=?8, error=?9 WHERE key=?1");
  auto find = made("SELECT " + columns + ",result,in_file FROM tasks WHERE key=?1");
  auto page = made("SELECT " + columns +
                   " FROM tasks WHERE principal=?1 AND number>?2 ORDER BY number LIMIT ?3");
  auto kept = made("SELECT principal,count(*) FROM tasks GROUP BY principal");
  auto expired = made("SELECT key,principal,in_file FROM tasks WHERE expires<?1 LIMIT 1000");
  auto remove = made("DELETE FROM tasks WHERE key=?1");
  if (!wrong.ok()) return wrong;
  statements_ = std::make_unique<Statements>(
      Statements{std::move(*create), std::move(*finish), std::move(*find), std::move(*page),
                 std::move(*kept), std::move(*expired), std::move(*remove)});
  return {};
}

// Files whose row was never written, or is gone.
void TaskStore::remove_orphans() {
  std::error_code failed;
  std::vector<fs::path> gone;
  for (const auto& each : fs::directory_iterator(directory_ / "tasks", failed)) {
    const auto there = has(each.path().stem().string());
    const bool whole = each.path().extension() == ".json";
    if (!whole || (there.ok() && !*there)) gone.push_back(each.path());
  }
  for (const fs::path& file : gone) fs::remove(file, failed);
}

Result<bool> TaskStore::has(std::string_view key) {
  SqlStatement& row = statements_->find;
  auto there = row.bind(1, key).step();
  row.reset();
  return there;
}

fs::path TaskStore::file_of(std::string_view key) const {
  return directory_ / "tasks" / (std::string(key) + ".json");
}

Status TaskStore::create(const TaskRecord& task) {
  return statements_->create.bind(1, task.key)
      .bind(2, task.id)
      .bind(3, task.principal)
      .bind(4, task.message)
      .bind(5, task.created_ms)
      .bind(6, task.updated_ms)
      .bind(7, task.ttl_ms)
      .run();
}

Status TaskStore::finish(const TaskRecord& task) {
  const bool in_file = !directory_.empty() && task.result.size() > kInlineResult;
  if (in_file)
    if (Status written = write_file(file_of(task.key), task.result); !written.ok()) return written;
  return statements_->finish.bind(1, task.key)
      .bind(2, name_of(task.status))
      .bind(3, task.message)
      .bind(4, task.updated_ms)
      .bind(5, task.updated_ms + task.ttl_ms)
      .bind(6, std::int64_t{task.tool_failed})
      .bind(7, in_file ? std::string_view() : std::string_view(task.result))
      .bind(8, std::int64_t{in_file})
      .bind(9, task.error)
      .run();
}

Result<std::optional<TaskRecord>> TaskStore::find(std::string_view key) {
  SqlStatement& row = statements_->find;
  const auto there = row.bind(1, key).step();
  std::optional<TaskRecord> task;
  bool in_file = false;
  if (there.ok() && *there) {
    task = record_of(row);
    task->result = row.text(11);
    in_file = row.integer(12) != 0;
  }
  row.reset();
  if (!there.ok()) return there.status();
  if (in_file) {
    auto text = read_file(file_of(key));
    if (!text.ok()) return text.status();
    task->result = std::move(*text);
  }
  return task;
}

Result<TaskStore::Page> TaskStore::page(std::string_view principal, std::int64_t after,
                                        std::size_t limit) {
  SqlStatement& row = statements_->page;
  row.bind(1, principal).bind(2, after).bind(3, static_cast<std::int64_t>(limit) + 1);
  Page page;
  std::int64_t last = 0;
  for (;;) {
    const auto there = row.step();
    if (!there.ok() || !*there) {
      row.reset();
      if (!there.ok()) return there.status();
      return page;
    }
    if (page.tasks.size() == limit) {
      page.next = last;
      row.reset();
      return page;
    }
    last = row.integer(0);
    page.tasks.push_back(record_of(row));
  }
}

Result<TaskStore::Kept> TaskStore::kept() {
  SqlStatement& row = statements_->kept;
  Kept kept;
  for (;;) {
    const auto there = row.step();
    if (there.ok() && *there) {
      kept[std::string(row.text(0))] = static_cast<std::size_t>(row.integer(1));
      continue;
    }
    row.reset();
    if (!there.ok()) return there.status();
    return kept;
  }
}

Result<TaskStore::Kept> TaskStore::expire(std::int64_t now_ms) {
  struct Gone {
    std::string key, principal;
    bool in_file;
  };
  std::vector<Gone> gone;
  SqlStatement& row = statements_->expired;
  row.bind(1, now_ms);
  for (;;) {
    const auto there = row.step();
    if (there.ok() && *there) {
      gone.push_back({std::string(row.text(0)), std::string(row.text(1)), row.integer(2) != 0});
      continue;
    }
    row.reset();
    if (!there.ok()) return there.status();
    break;
  }
  Kept whose;
  if (gone.empty()) return whose;
  SqlTransaction all(*sql_);
  if (Status begun = all.begin(); !begun.ok()) return begun;
  for (const Gone& task : gone) {
    if (Status removed = statements_->remove.bind(1, task.key).run(); !removed.ok()) return removed;
    ++whose[task.principal];
  }
  if (Status done = all.commit(); !done.ok()) return done;
  std::error_code failed;  // a file that stays is an orphan of the next start
  for (const Gone& task : gone)
    if (task.in_file) fs::remove(file_of(task.key), failed);
  return whose;
}

}  // namespace devs
