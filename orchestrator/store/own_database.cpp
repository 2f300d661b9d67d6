#include "orchestrator/store/own_database.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace devs {

Result<std::unique_ptr<SqlConnection>> open_own_database(const std::filesystem::path& file,
                                                         const OwnDatabase& kind) {
  const bool in_memory = file.empty();
  // Its owner's alone from the beginning; SQLite gives its log files the same mode.
  if (!in_memory) ::close(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  auto opened = SqlConnection::open(
      file, in_memory ? SqlConnection::Mode::memory : SqlConnection::Mode::write);
  if (!opened.ok()) return opened.status();
  SqlConnection& sql = **opened;
  if (Status set = sql.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"); !set.ok())
    return set;
  const auto tables = sql.number("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  if (*tables == 0) {
    const std::string begin =
        "BEGIN IMMEDIATE; PRAGMA application_id=" + std::to_string(kind.application_id) +
        "; PRAGMA user_version=" + std::to_string(kind.format) + ";" + kind.schema + "COMMIT";
    if (Status made = sql.execute(begin.c_str()); !made.ok()) return made;
  }
  const auto id = sql.number("PRAGMA application_id");
  const auto format = sql.number("PRAGMA user_version");
  if (!id.ok() || !format.ok() || *id != kind.application_id || *format != kind.format)
    return Status(Code::data_loss, kind.mismatch);
  return std::move(*opened);
}

}  // namespace devs
