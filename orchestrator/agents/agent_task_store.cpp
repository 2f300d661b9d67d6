#include "orchestrator/agents/agent_task_store.h"

#include <charconv>
#include <map>

namespace devs {
namespace {

constexpr std::int64_t kApplicationId = 0x64617474;  // "datt": a file of somebody else is not ours
constexpr std::int64_t kFormat = 1;

constexpr const char* kSchema =
    "CREATE TABLE place(epoch TEXT NOT NULL, seen INTEGER NOT NULL);"
    "CREATE TABLE tasks(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " owner TEXT NOT NULL, org TEXT NOT NULL, agent TEXT NOT NULL, conversation TEXT NOT NULL,"
    " stream TEXT NOT NULL, mode TEXT NOT NULL, user_message TEXT NOT NULL, plan TEXT NOT NULL,"
    " deliverable TEXT NOT NULL, agent_type TEXT NOT NULL, provider TEXT NOT NULL,"
    " model TEXT NOT NULL, sovereign INTEGER, is_call INTEGER NOT NULL, created INTEGER NOT NULL,"
    " title TEXT NOT NULL, metadata TEXT NOT NULL, status TEXT NOT NULL, progress REAL NOT NULL,"
    " message TEXT NOT NULL, updated INTEGER NOT NULL, begun INTEGER NOT NULL,"
    " ended INTEGER NOT NULL, ended_ms INTEGER NOT NULL, recent TEXT NOT NULL DEFAULT '',"
    " result TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX tasks_of ON tasks(owner, number);"
    "CREATE TABLE messages(task TEXT NOT NULL, sequence INTEGER NOT NULL, owner TEXT NOT NULL,"
    " type TEXT NOT NULL, content TEXT NOT NULL, progress REAL, metadata TEXT NOT NULL,"
    " created INTEGER NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY(task, sequence))"
    " WITHOUT ROWID;"
    "CREATE INDEX messages_expire ON messages(expires);"
    "INSERT INTO place VALUES('', 0);";

constexpr OwnDatabase kKind{.application_id = kApplicationId,
                            .format = kFormat,
                            .schema = kSchema,
                            .mismatch = "is no database of agent tasks of this version"};

constexpr const char* kColumns =
    "id,owner,org,agent,conversation,stream,mode,user_message,plan,deliverable,agent_type,"
    "provider,model,sovereign,is_call,created,title,metadata,status,progress,message,updated,"
    "begun,ended,ended_ms,result,error";
std::string select_tasks(std::string_view rest) {
  return std::string("SELECT ").append(kColumns).append(rest);
}

SqlValue number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
std::uint64_t count_in(const SqlStatement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

AgentTaskRow row_of(const SqlStatement& row) {
  AgentTaskRow task;
  AgentTaskCard& card = task.card;
  int at = 0;
  for (std::string* text : {&card.id, &card.owner, &card.org, &card.agent, &card.conversation_id,
                            &card.stream_id, &card.mode, &card.user_message, &card.plan_id,
                            &card.deliverable_id, &card.agent_type, &card.provider, &card.model})
    *text = row.text(at++);
  if (!row.null(13)) card.sovereign = row.integer(13) != 0;
  card.is_call = row.integer(14) != 0;
  card.created_ms = row.integer(15);
  task.title = row.text(16);
  task.metadata = row.text(17);
  AgentTaskState& state = task.state;
  state.status = agent_task_status_of(row.text(18)).value_or(AgentTaskStatus::failed);
  state.progress = row.real(19);
  state.message = row.text(20);
  state.updated_ms = row.integer(21);
  state.begun = count_in(row, 22);
  state.ended = count_in(row, 23);
  state.ended_ms = row.integer(24);
  task.result = row.text(25);
  task.error = row.text(26);
  return task;
}

// "183 190 204", as the column `recent` holds it.
std::string text_of(const std::vector<Sequence>& sequences) {
  std::string text;
  for (const Sequence each : sequences) text += (text.empty() ? "" : " ") + std::to_string(each);
  return text;
}
std::vector<Sequence> sequences_in(std::string_view text) {
  std::vector<Sequence> all;
  for (const char* at = text.data(); at < text.data() + text.size();) {
    Sequence one = 0;
    const auto [end, error] = std::from_chars(at, text.data() + text.size(), one);
    if (error != std::errc()) break;
    all.push_back(one);
    at = end + 1;
  }
  return all;
}

// `status IN ('running','pending')`, of a closed set of words.
std::string where_of(const std::optional<std::string>& owner,
                     const std::vector<AgentTaskStatus>& statuses) {
  std::string where = owner ? " WHERE begun>0 AND owner=?1" : " WHERE begun>0 AND ?1 IS NULL";
  if (statuses.empty()) return where;
  where += " AND status IN (";
  for (const AgentTaskStatus each : statuses)
    where += (where.back() == '(' ? "'" : ",'") + std::string(name_of(each)) + '\'';
  return where + ')';
}
SqlValue owner_value(const std::optional<std::string>& owner) {
  return owner ? SqlValue(std::string_view(*owner)) : SqlValue();
}

}  // namespace

AgentTaskStore::~AgentTaskStore() = default;

Result<std::unique_ptr<AgentTaskStore>> AgentTaskStore::open(const std::filesystem::path& file,
                                                             const Epoch& epoch, Sequence head) {
  auto sql = open_own_database(file, kKind);
  if (!sql.ok()) return sql.status();
  std::unique_ptr<AgentTaskStore> store(new AgentTaskStore(std::move(*sql)));
  if (Status ready = store->prepare(epoch, head); !ready.ok()) return ready;
  return store;
}

Status AgentTaskStore::prepare(const Epoch& epoch, Sequence head) {
  const std::string_view log(epoch);
  SqlTransaction all(*sql_);
  Status done = all.begin();
  for (const char* table : {"tasks", "messages"})
    if (done.ok())
      done = sql_->run(
          "DELETE FROM " + std::string(table) + " WHERE ?1 NOT IN (SELECT epoch FROM place)",
          {log});
  if (done.ok())
    done = sql_->run("UPDATE place SET epoch=?1, seen=?2 WHERE epoch<>?1 OR seen>?2",
                     {log, number(head)});
  return done.ok() ? all.commit() : done;
}

Result<AgentTaskStore::Loaded> AgentTaskStore::load() {
  Loaded loaded;
  Status read =
      sql_->each_row(select_tasks(",recent FROM tasks"), {}, [&](const SqlStatement& row) {
        AgentTaskRow task = row_of(row);
        loaded.tasks.push_back({std::make_shared<const AgentTaskCard>(std::move(task.card)),
                                std::move(task.state), sequences_in(row.text(27))});
      });
  if (read.ok())
    read = sql_->each_row("SELECT seen FROM place", {},
                          [&](const SqlStatement& row) { loaded.seen = count_in(row, 0); });
  if (!read.ok()) return read;
  return loaded;
}

Status AgentTaskStore::add(const AgentTaskRow& task) {
  const AgentTaskCard& card = task.card;
  const auto text = [](const std::string& value) { return std::string_view(value); };
  return sql_->run(std::string("INSERT INTO tasks(") + kColumns +
                       ") "
                       "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,"
                       "0,'',?16,0,0,0,"
                       "'','')",
                   {text(card.id), text(card.owner), text(card.org), text(card.agent),
                    text(card.conversation_id), text(card.stream_id), text(card.mode),
                    text(card.user_message), text(card.plan_id), text(card.deliverable_id),
                    text(card.agent_type), text(card.provider), text(card.model),
                    card.sovereign ? SqlValue(std::int64_t{*card.sovereign ? 1 : 0}) : SqlValue(),
                    std::int64_t{card.is_call ? 1 : 0}, card.created_ms, text(task.title),
                    text(task.metadata), name_of(task.state.status)});
}

Status AgentTaskStore::edit(std::string_view id, const std::string* title,
                            const std::string* metadata) {
  const auto value = [](const std::string* text) {
    return text != nullptr ? SqlValue(std::string_view(*text)) : SqlValue();
  };
  return sql_->run(
      "UPDATE tasks SET title=coalesce(?2,title), metadata=coalesce(?3,metadata) WHERE id=?1",
      {id, value(title), value(metadata)});
}

Status AgentTaskStore::remove(std::string_view id) {
  SqlTransaction both(*sql_);
  Status done = both.begin();
  if (done.ok()) done = sql_->run("DELETE FROM tasks WHERE id=?1", {id});
  if (done.ok()) done = sql_->run("DELETE FROM messages WHERE task=?1", {id});
  return done.ok() ? both.commit() : done;
}

Status AgentTaskStore::save(const std::vector<Change>& changes,
                            const std::vector<AgentMessage>& messages, Sequence seen) {
  SqlTransaction all(*sql_);
  Status done = all.begin();
  if (!done.ok()) return done;
  for (const Change& each : changes) {
    const AgentTaskState& state = each.now.state;
    const std::string recent = text_of(each.now.recent);
    done = sql_->run(
        "UPDATE tasks SET status=?2, progress=?3, message=?4, updated=?5, begun=?6, ended=?7,"
        " ended_ms=?8, recent=?9, result=CASE ?10 WHEN '' THEN result ELSE ?10 END,"
        " error=CASE ?11 WHEN '' THEN error ELSE ?11 END WHERE id=?1",
        {std::string_view(each.now.card->id), name_of(state.status), state.progress,
         std::string_view(state.message), state.updated_ms, number(state.begun),
         number(state.ended), state.ended_ms, std::string_view(recent),
         std::string_view(each.result), std::string_view(each.error)});
    if (!done.ok()) return done;
  }
  if (!messages.empty()) {
    auto insert =
        sql_->prepare("INSERT OR IGNORE INTO messages VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)");
    if (!insert.ok()) return insert.status();
    std::map<std::string_view, std::size_t> tasks;
    for (const AgentMessage& each : messages) {
      done = insert->bind(1, std::string_view(each.task))
                 .bind(2, number(each.sequence))
                 .bind(3, std::string_view(each.owner))
                 .bind(4, std::string_view(each.type))
                 .bind(5, std::string_view(each.content))
                 .bind(6, each.progress ? SqlValue(*each.progress) : SqlValue())
                 .bind(7, std::string_view(each.metadata))
                 .bind(8, each.created_ms)
                 .bind(9, each.expires_ms)
                 .run();
      if (!done.ok()) return done;
      ++tasks[each.task];
    }
    for (const auto& [task, count] : tasks) {
      done = sql_->run(
          "DELETE FROM messages WHERE task=?1 AND sequence<=(SELECT sequence FROM messages"
          " WHERE task=?1 ORDER BY sequence DESC LIMIT 1 OFFSET ?2)",
          {task, number(kMaxMessages)});
      if (!done.ok()) return done;
    }
  }
  done = sql_->run("UPDATE place SET seen=?1", {number(seen)});
  return done.ok() ? all.commit() : done;
}

Result<std::optional<AgentTaskRow>> AgentTaskStore::find(std::string_view id) {
  std::optional<AgentTaskRow> found;
  Status read = sql_->each_row(select_tasks(" FROM tasks WHERE id=?1 AND begun>0"), {id},
                               [&](const SqlStatement& row) { found = row_of(row); });
  if (!read.ok()) return read;
  return found;
}

Result<AgentTaskStore::Page> AgentTaskStore::list(const Listing& wanted) {
  Page page;
  const std::string where = where_of(wanted.owner, wanted.statuses);
  Status read = sql_->each_row("SELECT count(*) FROM tasks" + where, {owner_value(wanted.owner)},
                               [&](const SqlStatement& row) { page.total = count_in(row, 0); });
  if (read.ok())
    read = sql_->each_row(
        select_tasks(" FROM tasks" + where + " ORDER BY number DESC LIMIT ?2 OFFSET ?3"),
        {owner_value(wanted.owner), number(wanted.limit), number(wanted.offset)},
        [&](const SqlStatement& row) { page.tasks.push_back(row_of(row)); });
  if (!read.ok()) return read;
  return page;
}

Result<std::vector<std::size_t>> AgentTaskStore::counts(const std::optional<std::string>& owner) {
  std::vector<std::size_t> counts(static_cast<std::size_t>(AgentTaskStatus::hitl_waiting) + 1);
  Status read =
      sql_->each_row("SELECT status,count(*) FROM tasks" + where_of(owner, {}) + " GROUP BY status",
                     {owner_value(owner)}, [&](const SqlStatement& row) {
                       if (const auto status = agent_task_status_of(row.text(0)))
                         counts[static_cast<std::size_t>(*status)] = count_in(row, 1);
                     });
  if (!read.ok()) return read;
  return counts;
}

Result<std::vector<AgentMessage>> AgentTaskStore::messages(std::string_view id, Sequence since,
                                                           std::size_t limit, std::int64_t now_ms) {
  std::vector<AgentMessage> found;
  Status read = sql_->each_row(
      "SELECT sequence,owner,type,content,progress,metadata,created,expires FROM messages"
      " WHERE task=?1 AND sequence>?2 AND expires>?3 ORDER BY sequence LIMIT ?4",
      {id, number(since), now_ms, number(limit)}, [&](const SqlStatement& row) {
        AgentMessage message;
        message.sequence = count_in(row, 0);
        message.task = id;
        message.owner = row.text(1);
        message.type = row.text(2);
        message.content = row.text(3);
        if (!row.null(4)) message.progress = row.real(4);
        message.metadata = row.text(5);
        message.created_ms = row.integer(6);
        message.expires_ms = row.integer(7);
        found.push_back(std::move(message));
      });
  if (!read.ok()) return read;
  return found;
}

Result<std::size_t> AgentTaskStore::message_count() {
  const auto count = sql_->number("SELECT count(*) FROM messages");
  if (!count.ok()) return count.status();
  return static_cast<std::size_t>(*count);
}

Status AgentTaskStore::prune_messages(std::int64_t now_ms) {
  return sql_->run("DELETE FROM messages WHERE expires<=?1", {now_ms});
}

}  // namespace devs
