#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/result.h"
#include "trace/clock.h"

struct sqlite3;
struct sqlite3_stmt;

namespace devs {

// A value bound to a statement; monostate: NULL.
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string_view>;

// One prepared statement.  Text from outside reaches SQLite only by bind().
//
// Confined to one thread at a time, as its connection.
class SqlStatement {
 public:
  // Counted from 1.  Text is not copied: it outlives the next reset().
  SqlStatement& bind(int at, const SqlValue& value);
  // True: a row is there; false: the end.
  Result<bool> step();
  // To its end, and ready for the next use.
  Status run();
  void reset();

  // Of the row, counted from 0.  Views are valid until the next step() or reset().
  bool null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;

 private:
  friend class SqlConnection;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  SqlStatement(sqlite3* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;  // the first refusal of a bind, told by step()
};

// One connection to a SQLite file.
//
// Failures carry the house's codes: data_loss (the file is damaged, or no database),
// deadline_exceeded (until()), unavailable (disk, lock), internal (a statement that
// does not fit the file).
class SqlConnection {
 public:
  enum class Mode { write, read, memory };

  static Result<std::unique_ptr<SqlConnection>> open(const std::filesystem::path& file, Mode mode);
  ~SqlConnection();
  SqlConnection(const SqlConnection&) = delete;
  SqlConnection& operator=(const SqlConnection&) = delete;

  Status execute(const char* sql);
  Result<SqlStatement> prepare(std::string_view sql);
  // One statement with these values, to its end.
  Status run(std::string_view sql, std::initializer_list<SqlValue> values);
  // f(row) for each row of it.
  Status each_row(std::string_view sql, std::initializer_list<SqlValue> values,
                  const std::function<void(const SqlStatement& row)>& f);
  // The first column of the first row; 0 when there is none.
  Result<std::int64_t> number(std::string_view sql);

  // Whatever runs past it is interrupted.  TimePoint::max(): nothing is.
  void until(TimePoint deadline);
  TimePoint deadline() const { return deadline_; }

 private:
  explicit SqlConnection(sqlite3* database) : database_(database) {}

  sqlite3* const database_;
  TimePoint deadline_ = TimePoint::max();
};

// All or nothing: rolled back unless committed.
class SqlTransaction {
 public:
  explicit SqlTransaction(SqlConnection& connection) : connection_(connection) {}
  ~SqlTransaction();
  SqlTransaction(const SqlTransaction&) = delete;
  SqlTransaction& operator=(const SqlTransaction&) = delete;

  Status begin();
  Status commit();

 private:
  SqlConnection& connection_;
  bool open_ = false;
};

}  // namespace devs
