#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"
#include "tests/trace/trace_kit.h"
#include "trace/flight_log.h"

namespace devs {
namespace {

// A real process that writes, with an end of a pipe that tells what it has shown.
struct Victim {
  pid_t pid = -1;
  int said = -1;
};

Victim start_victim(const std::string& dir) {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  std::string program = DEVS_CRASH_WRITER, argument = dir;
  std::array<char*, 3> arguments{program.data(), argument.data(), nullptr};
  Victim victim;
  REQUIRE(::posix_spawn(&victim.pid, program.c_str(), &actions, nullptr,
                        arguments.data(), environ) == 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  victim.said = pipe[0];
  return victim;
}

// Kills once `after` bytes were heard, then hears the rest.  Whole lines only:
// half a line promised nothing.
std::string kill_and_listen(const Victim& victim, std::size_t after) {
  std::string heard;
  bool killed = false;
  std::array<char, 4096> block{};
  for (;;) {
    if (!killed && heard.size() >= after) {
      ::kill(victim.pid, SIGKILL);
      killed = true;
    }
    const ssize_t n = ::read(victim.said, block.data(), block.size());
    if (n <= 0) break;
    heard.append(block.data(), static_cast<std::size_t>(n));
  }
  ::close(victim.said);
  int status = 0;
  ::waitpid(victim.pid, &status, 0);
  CHECK(WIFSIGNALED(status));  // it did not end by itself
  heard.resize(heard.rfind('\n') + 1);
  return heard;
}

TEST_CASE(
    "[S0.9] FlightLog: after kill -9 the log has all a reader saw, in order, once") {
  const TempDir dir;
  MemoryLog lines;
  std::mt19937 random(9);
  std::vector<std::string> before;  // the log as the last round left it
  Epoch epoch;
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    const std::size_t after = round % 4 == 0 ? random() % 200 : random() % 100'000;
    const std::string heard = kill_and_listen(start_victim(dir.path().string()), after);

    auto log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(log.ok());
    std::vector<std::string> now = bodies_of(**log);
    REQUIRE(now.size() == (*log)->last());  // none is lost
    if (before.empty()) epoch = (*log)->epoch();  // an empty log begins a new one
    CHECK((*log)->epoch() == epoch);

    REQUIRE(now.size() >= before.size());  // nothing of the past changed
    for (std::size_t i = 0; i < before.size(); ++i) REQUIRE(now[i] == before[i]);
    std::size_t shown = 0;
    for (std::size_t at = 0; at < heard.size(); ++shown) {
      const std::size_t space = heard.find(' ', at), end = heard.find('\n', at);
      const std::size_t sequence = std::stoull(heard.substr(at, space - at));
      REQUIRE(sequence == before.size() + shown + 1);  // dense, and no number twice
      REQUIRE(sequence <= now.size());
      REQUIRE(now[sequence - 1] == heard.substr(space + 1, end - space - 1));
      at = end + 1;
    }
    std::array<int, 3> next{};  // each publisher's words whole, in order, once
    for (std::size_t i = before.size(); i < now.size(); ++i) {
      REQUIRE(now[i].starts_with(R"({"word":")"));
      REQUIRE(now[i].ends_with(R"("})"));
      const auto who = static_cast<std::size_t>(now[i][9] - '0');
      REQUIRE((who == 1 || who == 2));
      // Words that a full ring refused are missing; none comes twice or late.
      const int number = std::stoi(now[i].substr(11));
      REQUIRE(number >= next[who]);
      next[who] = number + 1;
    }
    before = std::move(now);
  }
  CHECK(before.size() > 1000);
}

}  // namespace
}  // namespace devs
