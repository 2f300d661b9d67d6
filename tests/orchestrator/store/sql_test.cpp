#include "orchestrator/store/sql.h"

#include <doctest/doctest.h>

#include "tests/orchestrator/query/query_kit.h"

namespace devs {
namespace {

std::unique_ptr<SqlConnection> memory() {
  auto opened = SqlConnection::open({}, SqlConnection::Mode::memory);
  REQUIRE(opened.ok());
  return std::move(*opened);
}

TEST_CASE("SqlStatement: values go in and come out as they are") {
  const auto connection = memory();
  auto statement = connection->prepare("SELECT ?, ?, ?, ?, ?");
  REQUIRE(statement.ok());
  const std::string odd("a\0'\"b", 5);
  statement->bind(1, std::int64_t{-7}).bind(2, 2.5).bind(3, std::string_view(odd));
  statement->bind(4, SqlValue()).bind(5, std::string_view());
  REQUIRE(statement->step().value());
  CHECK(statement->integer(0) == -7);
  CHECK(statement->real(1) == 2.5);
  CHECK(statement->text(2) == odd);
  CHECK(statement->null(3));
  CHECK_FALSE(statement->null(4));
  CHECK(statement->text(4).empty());
  CHECK_FALSE(statement->step().value());
}

TEST_CASE("SqlStatement: a value with no place is told by the step") {
  const auto connection = memory();
  auto statement = connection->prepare("SELECT 1");
  statement->bind(1, std::int64_t{1});
  CHECK(statement->step().status().code() == Code::internal);
  statement->reset();
  CHECK(statement->step().ok());
}

TEST_CASE("SqlConnection: a question that takes too long is interrupted") {
  const auto connection = memory();
  connection->until(std::chrono::steady_clock::now());
  const char* const endless =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n";
  CHECK(connection->number(endless).status().code() == Code::deadline_exceeded);
  connection->until(TimePoint::max());
  CHECK(connection->number("SELECT 7").value() == 7);
}

TEST_CASE("SqlConnection: failures carry the house's codes") {
  const TempDir dir;
  write_file(dir / "garbage", std::string(5000, 'x'));
  auto garbage = SqlConnection::open(dir / "garbage", SqlConnection::Mode::write);
  REQUIRE(garbage.ok());  // SQLite looks at the first question
  CHECK((*garbage)->number("SELECT count(*) FROM sqlite_schema").status().code() ==
        Code::data_loss);
  CHECK(SqlConnection::open(dir / "no/such", SqlConnection::Mode::write).status().code() ==
        Code::unavailable);
  CHECK(SqlConnection::open(dir / "nothing", SqlConnection::Mode::read).status().code() ==
        Code::unavailable);
  CHECK(memory()->prepare("SELECT nonsense").status().code() == Code::internal);
}

TEST_CASE("SqlTransaction: what is not committed is rolled back") {
  const auto connection = memory();
  REQUIRE(connection->execute("CREATE TABLE t(x)").ok());
  {
    SqlTransaction transaction(*connection);
    REQUIRE(transaction.begin().ok());
    REQUIRE(connection->execute("INSERT INTO t VALUES(1)").ok());
  }
  CHECK(connection->number("SELECT count(*) FROM t").value() == 0);
  {
    SqlTransaction transaction(*connection);
    REQUIRE(transaction.begin().ok());
    REQUIRE(connection->execute("INSERT INTO t VALUES(1)").ok());
    REQUIRE(transaction.commit().ok());
  }
  CHECK(connection->number("SELECT count(*) FROM t").value() == 1);
}

}  // namespace
}  // namespace devs
