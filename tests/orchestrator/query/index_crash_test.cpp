#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <random>
#include <string>

#include "orchestrator/query/index_writer.h"
#include "tests/orchestrator/query/query_kit.h"
#include "tests/orchestrator/query/victim_log.h"

namespace devs {
namespace {

// Runs the victim until it said `bytes`, kills it; the last commit it told of.
Sequence kill_after(const std::string& file, std::size_t bytes) {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  std::string program = DEVS_INDEX_VICTIM, argument = file;
  std::array<char*, 3> arguments{program.data(), argument.data(), nullptr};
  pid_t pid = -1;
  REQUIRE(::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments.data(), environ) == 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  std::string heard;
  std::array<char, 64> block{};
  for (bool killed = false;;) {
    if (!killed && heard.size() >= bytes) {
      ::kill(pid, SIGKILL);
      killed = true;
    }
    const ssize_t n = ::read(pipe[0], block.data(), block.size());
    if (n <= 0) break;
    heard.append(block.data(), static_cast<std::size_t>(n));
  }
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  heard.resize(heard.rfind('\n') + 1);
  if (heard.empty()) return 0;
  const std::size_t line = heard.rfind('\n', heard.size() - 2);
  return std::stoull(heard.substr(line == heard.npos ? 0 : line + 1));
}

TEST_CASE(
    "[S0.9] IndexWriter: after kill -9 the index has every batch it told of, each entry once") {
  const TempDir dir;
  const auto file = dir / "trace.db";
  ShelfLog log;
  fill_for_victim(log);
  KeptLog lines;
  std::mt19937 random(108);
  for (int round = 0; round < 12; ++round) {
    CAPTURE(round);
    const Sequence told = kill_after(file.string(), random() % 160);
    auto writer = IndexWriter::open(file, log, kTestEpoch, lines);
    REQUIRE(writer.ok());
    CHECK_FALSE(lines.has("trace_index_rebuilt"));
    CHECK((*writer)->through() >= told);
    const auto connection = (*writer)->release();
    const auto number = [&connection](const char* sql) { return connection->number(sql).value(); };
    CHECK(number("SELECT count(*) FROM entries") == number("SELECT through FROM state"));
    CHECK(number("SELECT count(*) FROM texts") == number("SELECT through FROM state"));
    CHECK(number("SELECT ifnull(sum(entries),0) FROM sessions") ==
          number("SELECT through FROM state"));
    CHECK(connection->execute("INSERT INTO texts(texts) VALUES('integrity-check')").ok());
  }
  auto writer = IndexWriter::open(file, log, kTestEpoch, lines);
  REQUIRE(writer.ok());
  index_all(**writer, log);
  const auto connection = (*writer)->release();
  CHECK(connection->number("SELECT count(*) FROM entries").value() == 10'000);
  CHECK(connection->number("SELECT count(*) FROM texts WHERE texts MATCH 'output'").value() ==
        10'000);
}

TEST_CASE("IndexWriter: a batch that was not committed is as if it had not been") {
  const TempDir dir;
  const auto file = dir / "trace.db";
  ShelfLog log;
  fill_for_victim(log);
  KeptLog lines;
  {
    auto writer = IndexWriter::open(file, log, kTestEpoch, lines);
    REQUIRE((*writer)->advance(100, {}).ok());
    const auto connection = (*writer)->release();
    REQUIRE(connection->execute("BEGIN; DELETE FROM entries; UPDATE state SET through=5000").ok());
  }
  auto writer = IndexWriter::open(file, log, kTestEpoch, lines);
  REQUIRE(writer.ok());
  CHECK((*writer)->through() == 100);
  CHECK((*writer)->release()->number("SELECT count(*) FROM entries").value() == 100);
}

}  // namespace
}  // namespace devs
