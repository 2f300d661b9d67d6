#include "orchestrator/channels/channel_store.h"

#include <algorithm>
#include <utility>

namespace devs {
namespace {

constexpr std::int64_t kApplicationId = 0x64636873;  // "dchs": a file of somebody else is not ours
constexpr std::int64_t kFormat = 1;

constexpr const char* kSchema =
    "CREATE TABLE place(epoch TEXT NOT NULL, seen INTEGER NOT NULL);"
    "CREATE TABLE entries(sequence INTEGER PRIMARY KEY);"
    "INSERT INTO place VALUES('', 0);";

constexpr OwnDatabase kKind{.application_id = kApplicationId,
                            .format = kFormat,
                            .schema = kSchema,
                            .mismatch = "is no index of channels of this version"};

SqlValue number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

}  // namespace

Result<std::unique_ptr<ChannelStore>> ChannelStore::open(const std::filesystem::path& file,
                                                         const Epoch& epoch, Sequence last) {
  auto sql = open_own_database(file, kKind);
  if (!sql.ok()) return sql.status();
  std::unique_ptr<ChannelStore> store(new ChannelStore(std::move(*sql)));
  if (Status ready = store->prepare(epoch, last); !ready.ok()) return ready;
  return store;
}

Status ChannelStore::prepare(const Epoch& epoch, Sequence last) {
  const std::string_view log(epoch);
  if (Status cut =
          run("DELETE FROM entries WHERE sequence>?2 OR ?1 NOT IN (SELECT epoch FROM place)",
              {log, number(last)});
      !cut.ok())
    return cut;
  if (Status cut = run("UPDATE place SET seen=CASE WHEN epoch=?1 THEN min(seen, ?2) ELSE 0 END,"
                       " epoch=?1",
                       {log, number(last)});
      !cut.ok())
    return cut;
  return {};
}

Result<Sequence> ChannelStore::seen() {
  const auto seen = sql_->number("SELECT seen FROM place");
  if (!seen.ok()) return seen.status();
  return static_cast<Sequence>(*seen);
}

Result<std::vector<Sequence>> ChannelStore::newest(std::size_t most) {
  auto rows = sql_->prepare("SELECT sequence FROM entries ORDER BY sequence DESC LIMIT ?1");
  if (!rows.ok()) return rows.status();
  rows->bind(1, number(most));
  std::vector<Sequence> newest;
  for (;;) {
    const Result<bool> row = rows->step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    newest.push_back(static_cast<Sequence>(rows->integer(0)));
  }
  std::reverse(newest.begin(), newest.end());
  return newest;
}

Status ChannelStore::save(const std::vector<Sequence>& found, Sequence seen, Sequence oldest) {
  SqlTransaction together(*sql_);
  if (Status begun = together.begin(); !begun.ok()) return begun;
  auto add = sql_->prepare("INSERT OR IGNORE INTO entries VALUES(?1)");
  if (!add.ok()) return add.status();
  for (const Sequence sequence : found) {
    add->bind(1, number(sequence));
    if (Status added = add->run(); !added.ok()) return added;
  }
  if (Status gone = run("DELETE FROM entries WHERE sequence<?1", {number(oldest)}); !gone.ok())
    return gone;
  if (Status moved = run("UPDATE place SET seen=?1", {number(seen)}); !moved.ok()) return moved;
  return together.commit();
}

Status ChannelStore::run(std::string_view text, std::initializer_list<SqlValue> values) {
  auto statement = sql_->prepare(text);
  if (!statement.ok()) return statement.status();
  int at = 0;
  for (const SqlValue& value : values) statement->bind(++at, value);
  return statement->run();
}

}  // namespace devs
