#include "orchestrator/store/sql.h"

#include <sqlite3.h>

#include <utility>

namespace devs {
namespace {

// Work between two looks at the clock: some tens of microseconds.
constexpr int kOpcodesPerLook = 2'000;
// A reader meets a lock only while the file is opened or its journal recovered.
constexpr int kLockWaitMs = 1'000;

// Pages of the cache one by one: each connection would begin with twenty otherwise, of
// which most of ours never use five.  Before the first connection.
void take_pages_as_needed() {
  static const int configured = sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
  static_cast<void>(configured);  // refused: more memory, the same answers
}

Status refusal(sqlite3* database, int result) {
  const std::string words =
      std::string("sqlite: ") +
      (database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(result));
  switch (result & 0xff) {  // the rest says more of the same
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return {Code::data_loss, words};
    case SQLITE_INTERRUPT:
      return {Code::deadline_exceeded, "the question took too long; narrow it"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
      return {Code::unavailable, words};
    default:
      return {Code::internal, words};
  }
}

}  // namespace

void SqlStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqlStatement& SqlStatement::bind(int at, const SqlValue& value) {
  sqlite3_stmt* const statement = statement_.get();
  int result = SQLITE_OK;
  if (const auto* number = std::get_if<std::int64_t>(&value))
    result = sqlite3_bind_int64(statement, at, *number);
  else if (const auto* real = std::get_if<double>(&value))
    result = sqlite3_bind_double(statement, at, *real);
  else if (const auto* text = std::get_if<std::string_view>(&value))
    // A null pointer would be NULL, and an empty view may hold one.
    result = sqlite3_bind_text64(statement, at, text->empty() ? "" : text->data(), text->size(),
                                 SQLITE_STATIC, SQLITE_UTF8);
  else
    result = sqlite3_bind_null(statement, at);
  if (bound_ == SQLITE_OK) bound_ = result;
  return *this;
}

Result<bool> SqlStatement::step() {
  if (bound_ != SQLITE_OK) return refusal(database_, bound_);
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return refusal(database_, result);
}

Status SqlStatement::run() {
  for (;;) {
    const Result<bool> row = step();
    if (!row.ok() || !*row) {
      reset();
      return row.ok() ? Status() : row.status();
    }
  }
}

void SqlStatement::reset() {
  sqlite3_reset(statement_.get());
  bound_ = SQLITE_OK;
}

bool SqlStatement::null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}
std::int64_t SqlStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}
double SqlStatement::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}
std::string_view SqlStatement::text(int column) const {
  const void* const bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr
             ? std::string_view()
             : std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

Result<std::unique_ptr<SqlConnection>> SqlConnection::open(const std::filesystem::path& file,
                                                           Mode mode) {
  take_pages_as_needed();
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  flags |= mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const std::string name = mode == Mode::memory ? ":memory:" : file.string();
  sqlite3* database = nullptr;
  const int result = sqlite3_open_v2(name.c_str(), &database, flags, nullptr);
  if (database == nullptr) return refusal(nullptr, result);
  std::unique_ptr<SqlConnection> connection(new SqlConnection(database));
  if (result != SQLITE_OK) return refusal(database, result);
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, kLockWaitMs);
  return connection;
}

SqlConnection::~SqlConnection() {
  sqlite3_close_v2(database_);
}

Status SqlConnection::execute(const char* sql) {
  const int result = sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? Status() : refusal(database_, result);
}

Result<SqlStatement> SqlConnection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()), 0,
                                        &statement, nullptr);
  if (result != SQLITE_OK) return refusal(database_, result);
  return SqlStatement(database_, statement);
}

Status SqlConnection::run(std::string_view sql, std::initializer_list<SqlValue> values) {
  return each_row(sql, values, [](const SqlStatement&) {});
}

Status SqlConnection::each_row(std::string_view sql, std::initializer_list<SqlValue> values,
                               const std::function<void(const SqlStatement& row)>& f) {
  Result<SqlStatement> statement = prepare(sql);
  if (!statement.ok()) return statement.status();
  int at = 0;
  for (const SqlValue& value : values) statement->bind(++at, value);
  for (;;) {
    const Result<bool> row = statement->step();
    if (!row.ok()) return row.status();
    if (!*row) return {};
    f(*statement);
  }
}

Result<std::int64_t> SqlConnection::number(std::string_view sql) {
  Result<SqlStatement> statement = prepare(sql);
  if (!statement.ok()) return statement.status();
  const Result<bool> row = statement->step();
  if (!row.ok()) return row.status();
  return *row ? statement->integer(0) : 0;
}

void SqlConnection::until(TimePoint deadline) {
  deadline_ = deadline;
  const auto late = [](void* self) {
    return std::chrono::steady_clock::now() > static_cast<SqlConnection*>(self)->deadline_ ? 1 : 0;
  };
  const bool bounded = deadline != TimePoint::max();
  sqlite3_progress_handler(database_, bounded ? kOpcodesPerLook : 0, bounded ? +late : nullptr,
                           this);
}

SqlTransaction::~SqlTransaction() {
  if (open_) (void)connection_.execute("ROLLBACK");  // nothing to roll back is as good
}

Status SqlTransaction::begin() {
  Status begun = connection_.execute("BEGIN IMMEDIATE");
  open_ = begun.ok();
  return begun;
}

Status SqlTransaction::commit() {
  Status committed = connection_.execute("COMMIT");
  open_ = !committed.ok();
  return committed;
}

}  // namespace devs
