#include "orchestrator/query/index_writer.h"

#include <doctest/doctest.h>

#include "tests/orchestrator/query/query_kit.h"

namespace devs {
namespace {

struct Bench {
  TempDir dir;
  ShelfLog log;
  KeptLog lines;
  std::filesystem::path file = dir / "trace.db";

  std::unique_ptr<IndexWriter> open(const Epoch& epoch = kTestEpoch) {
    auto opened = IndexWriter::open(file, log, epoch, lines);
    REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.status().message()));
    return std::move(*opened);
  }
  std::int64_t number(std::string_view sql) const {
    auto connection = SqlConnection::open(file, SqlConnection::Mode::read);
    REQUIRE(connection.ok());
    const auto found = (*connection)->number(sql);
    REQUIRE_MESSAGE(found.ok(), (found.ok() ? "" : found.status().message()));
    return *found;
  }
  bool is_whole() const {
    auto connection = SqlConnection::open(file, SqlConnection::Mode::write);
    REQUIRE(connection.ok());
    auto check = (*connection)->prepare("PRAGMA integrity_check");
    REQUIRE(check.ok());
    REQUIRE(check->step().value());
    return check->text(0) == "ok" &&
           (*connection)->execute("INSERT INTO texts(texts) VALUES('integrity-check')").ok();
  }
};

TEST_CASE("IndexWriter: a batch at a time, each entry once, and it says how far it got") {
  Bench bench;
  for (int i = 0; i < 25; ++i) add_call(bench.log, {.id = "c-" + std::to_string(i)});
  const auto writer = bench.open();
  CHECK(writer->begun_anew());
  CHECK(writer->advance(50, {.entries = 20, .bytes = 1u << 20u}).value() == 20);
  CHECK(writer->through() == 20);
  CHECK(bench.number("SELECT through FROM state") == 20);
  CHECK(bench.number("SELECT count(*) FROM entries") == 20);
  CHECK(writer->advance(30, {.entries = 20, .bytes = 1u << 20u}).value() == 10);
  CHECK(writer->advance(30, {}).value() == 0);
  CHECK(writer->advance(50, {.entries = 100, .bytes = 1}).value() == 1);
  index_all(*writer, bench.log);
  CHECK(bench.number("SELECT count(*) FROM entries") == 50);
  CHECK(bench.number("SELECT count(*) FROM texts") == 50);
}

TEST_CASE("IndexWriter: goes on where it was when it is opened again") {
  Bench bench;
  add_call(bench.log, {});
  index_all(*bench.open(), bench.log);
  add_call(bench.log, {.id = "c-2"});
  const auto again = bench.open();
  CHECK_FALSE(again->begun_anew());
  CHECK(again->through() == 2);
  index_all(*again, bench.log);
  CHECK(bench.number("SELECT count(*) FROM entries") == 4);
  CHECK(bench.is_whole());
}

TEST_CASE("IndexWriter: what is lost is passed over, what is of another topic is left out") {
  Bench bench;
  for (int i = 0; i < 10; ++i) bench.log.add(R"({"type":"thought"})");
  bench.log.add(R"({"type":"channel"})");
  bench.log.add(R"({"type":"graph"})");
  bench.log.lose(3, 5, LossReason::corrupt);
  const auto writer = bench.open();
  index_all(*writer, bench.log);
  CHECK(writer->through() == 12);
  CHECK(bench.number("SELECT count(*) FROM entries") == 7);
}

TEST_CASE(
    "IndexWriter: an end that was lost, and is gone after the next start, is no disagreement") {
  Bench bench;
  for (int i = 0; i < 5; ++i) add_call(bench.log, {});
  bench.log.lose(9, 10, LossReason::recorder);
  {
    const auto writer = bench.open();
    index_all(*writer, bench.log);
    CHECK(writer->through() == 10);
  }
  bench.log.cut(8);
  const auto writer = bench.open();
  CHECK_FALSE(writer->begun_anew());
  CHECK(writer->through() == 8);
}

TEST_CASE("IndexWriter: an index of another log is built anew, and the log of lines says so") {
  Bench bench;
  add_call(bench.log, {});
  index_all(*bench.open("aaaaaaaaaa"), bench.log);
  const auto writer = bench.open();
  CHECK(writer->begun_anew());
  CHECK(writer->through() == 0);
  CHECK(bench.lines.has("trace_index_rebuilt"));
  CHECK(bench.lines.has("it is of another log"));
}

TEST_CASE("IndexWriter: an index of another version is built anew") {
  Bench bench;
  add_call(bench.log, {});
  index_all(*bench.open(), bench.log);
  {
    auto connection = SqlConnection::open(bench.file, SqlConnection::Mode::write);
    REQUIRE((*connection)->execute("PRAGMA user_version=99").ok());
  }
  CHECK(bench.open()->begun_anew());
  CHECK(bench.lines.has("it has version 99, this program writes 3"));
}

TEST_CASE("IndexWriter: an index that is ahead of the log is built anew") {
  Bench bench;
  for (int i = 0; i < 5; ++i) add_call(bench.log, {});
  index_all(*bench.open(), bench.log);
  bench.log.cut(4);
  const auto writer = bench.open();
  CHECK(writer->begun_anew());
  index_all(*writer, bench.log);
  CHECK(bench.number("SELECT count(*) FROM entries") == 4);
  CHECK(bench.lines.has("it has entry 10, the log ends at 4"));
}

TEST_CASE("IndexWriter: an index whose last entry is not the log's is built anew") {
  Bench bench;
  for (int i = 0; i < 5; ++i) add_call(bench.log, {});
  index_all(*bench.open(), bench.log);
  bench.log.change(10, observation_of({.out = "another end"}));
  for (int i = 0; i < 5; ++i) add_call(bench.log, {});
  CHECK(bench.open()->begun_anew());
  CHECK(bench.lines.has("its entry 10 is not the log's"));
}

TEST_CASE("IndexWriter: an index whose last entry retention took is believed") {
  Bench bench;
  for (int i = 0; i < 5; ++i) add_call(bench.log, {});
  index_all(*bench.open(), bench.log);
  for (int i = 0; i < 5; ++i) add_call(bench.log, {});
  bench.log.drop_before(16);
  const auto writer = bench.open();
  CHECK_FALSE(writer->begun_anew());
  index_all(*writer, bench.log);
  CHECK(writer->through() == 20);
}

TEST_CASE("IndexWriter: garbage of any kind is built anew") {
  const std::string header = "SQLite format 3";
  Bench bench;
  add_call(bench.log, {});
  index_all(*bench.open(), bench.log);
  const std::string good = read_file(bench.file);
  std::string zeros(good.size(), '\0');
  std::string holed = good;
  holed.replace(4096, 4096, 4096, '\xa5');
  for (const std::string& bytes :
       {std::string("garbage"), std::string(100'000, 'x'), header, zeros, good.substr(0, 5000),
        good.substr(0, 100), good.substr(0, 16) + std::string(4080, '\xff'), holed}) {
    REQUIRE(IndexWriter::remove(bench.file).ok());
    write_file(bench.file, bytes);
    const auto writer = bench.open();
    index_all(*writer, bench.log);
    CHECK(bench.number("SELECT count(*) FROM entries") == 2);
  }
}

TEST_CASE("[T12] IndexWriter: each flipped byte of the file is harmless: right, refused, or anew") {
  Bench bench;
  for (int i = 0; i < 3; ++i) add_call(bench.log, {.id = "c-" + std::to_string(i)});
  index_all(*bench.open(), bench.log);
  const std::string good = read_file(bench.file);
  REQUIRE(good.size() > 4096);
  for (std::size_t at = 0; at < good.size(); at += at < 100 ? 1 : 997) {
    CAPTURE(at);
    REQUIRE(IndexWriter::remove(bench.file).ok());
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 0xff);
    write_file(bench.file, bytes);
    auto opened = IndexWriter::open(bench.file, bench.log, kTestEpoch, bench.lines);
    if (opened.ok()) (void)(*opened)->advance(bench.log.last(), {});
    CHECK((opened.ok() || opened.status().code() == Code::unavailable));
  }
}

TEST_CASE("IndexWriter: foreign tables under its name are built anew") {
  Bench bench;
  {
    auto connection = SqlConnection::open(bench.file, SqlConnection::Mode::write);
    REQUIRE((*connection)->execute("CREATE TABLE entries(x)").ok());
  }
  CHECK(bench.open()->begun_anew());
  CHECK(bench.lines.has("it is no trace index"));
}

TEST_CASE("IndexWriter: a link in the place of its file is not followed") {
  Bench bench;
  write_file(bench.dir / "precious", "keep me");
  std::filesystem::create_symlink(bench.dir / "precious", bench.file);
  auto opened = IndexWriter::open(bench.file, bench.log, kTestEpoch, bench.lines);
  CHECK(opened.status().code() == Code::unavailable);
  CHECK(read_file(bench.dir / "precious") == "keep me");
}

TEST_CASE("IndexWriter: a directory in the place of its file is told, and nothing is removed") {
  Bench bench;
  std::filesystem::create_directory(bench.file);
  auto opened = IndexWriter::open(bench.file, bench.log, kTestEpoch, bench.lines);
  CHECK(opened.status().code() == Code::unavailable);
  CHECK(std::filesystem::is_directory(bench.file));
}

TEST_CASE("IndexWriter: rows of what retention took go, a bounded number at a time") {
  Bench bench;
  for (int i = 0; i < 3000; ++i) add_call(bench.log, {.id = "c-" + std::to_string(i)});
  const auto writer = bench.open();
  index_all(*writer, bench.log);
  CHECK_FALSE(writer->trim(1).value());
  bench.log.drop_before(5001);
  CHECK(writer->trim(5001).value());
  CHECK(bench.number("SELECT count(*) FROM entries") > 1000);
  while (writer->trim(5001).value()) {
  }
  CHECK(bench.number("SELECT min(sequence) FROM entries") == 5001);
  CHECK(bench.number("SELECT count(*) FROM entries") == 1000);
  CHECK(bench.number("SELECT count(*) FROM texts") == 1000);
  CHECK(bench.number("SELECT entries FROM sessions") == 1000);
  CHECK(bench.number("SELECT calls FROM sessions") == 500);
  CHECK(bench.is_whole());
}

TEST_CASE("IndexWriter: a session of which nothing is kept is forgotten") {
  Bench bench;
  add_call(bench.log, {.session = "old"});
  add_call(bench.log, {.session = "new", .status = "TOOL_ERROR"});
  const auto writer = bench.open();
  index_all(*writer, bench.log);
  CHECK(bench.number("SELECT count(*) FROM sessions") == 2);
  CHECK_FALSE(writer->trim(3).value());
  CHECK(bench.number("SELECT count(*) FROM sessions") == 1);
  CHECK(bench.number("SELECT count(*) FROM session_agents") == 1);
  CHECK(bench.number("SELECT errors FROM sessions WHERE session='new'") == 1);
}

TEST_CASE("IndexWriter: retention that overtakes it is no loss of order") {
  Bench bench;
  for (int i = 0; i < 50; ++i) add_call(bench.log, {});
  const auto writer = bench.open();
  REQUIRE(writer->advance(100, {.entries = 10, .bytes = 1u << 20u}).ok());
  bench.log.drop_before(61);
  while (writer->trim(61).value()) {
  }
  index_all(*writer, bench.log);
  CHECK(bench.number("SELECT min(sequence) FROM entries") == 61);
  CHECK(bench.number("SELECT count(*) FROM entries") == 40);
  bench.log.drop_before(101);  // everything
  while (writer->trim(101).value()) {
  }
  CHECK(bench.number("SELECT count(*) FROM entries") == 0);
  add_call(bench.log, {});
  index_all(*writer, bench.log);
  CHECK(bench.number("SELECT min(sequence) FROM entries") == 101);
}

}  // namespace
}  // namespace devs
