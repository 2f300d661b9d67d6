// Who is left behind: after the orchestrator's death, the guard's, the server's.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <csignal>

#include "tests/orchestrator/upstream/process_probe.h"
#include "tests/orchestrator/upstream/upstream_fixture.h"

extern char** environ;

namespace devs {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

// A small orchestrator of its own process, with one upstream that is up.
class Parent {
 public:
  explicit Parent(std::vector<std::string> args) {
    std::array<int, 2> said{};
    REQUIRE(::pipe2(said.data(), O_CLOEXEC) == 0);
    std::vector<std::string> argv{DEVS_UPSTREAM_PARENT, DEVS_GUARD_PATH, DEVS_FAKE_UPSTREAM};
    argv.insert(argv.end(), args.begin(), args.end());
    std::vector<char*> pointers;
    for (std::string& arg : argv) pointers.push_back(arg.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, said[1], STDOUT_FILENO);
    REQUIRE(::posix_spawn(&pid_, DEVS_UPSTREAM_PARENT, &actions, nullptr, pointers.data(),
                          environ) == 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(said[1]);
    std::array<char, 64> word{};
    const ssize_t got = ::read(said[0], word.data(), word.size());
    ::close(said[0]);
    CHECK(std::string_view(word.data(), static_cast<std::size_t>(std::max<ssize_t>(0, got))) ==
          "ready\n");
  }
  ~Parent() { kill(); }
  Parent(const Parent&) = delete;
  Parent& operator=(const Parent&) = delete;

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
};

// The guard is whoever is the server's parent.
pid_t parent_of(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const std::size_t name_end = text.rfind(')');
  return name_end == std::string::npos ? 0 : std::atoi(text.c_str() + name_end + 4);
}

TEST_CASE("orphans: kill -9 of the orchestrator leaves nobody after 2 s, daemons included") {
  const TempDir directory;
  const std::string pids = directory / "pids";
  Parent parent({"--pids", pids, "--stubborn", "--grandchild"});
  const std::vector<pid_t> family = read_pids(pids);
  REQUIRE(family.size() == 2);  // the server, and its daemon of another session
  for (const pid_t pid : family) CHECK(::kill(pid, 0) == 0);
  const pid_t guard = parent_of(family[0]);
  CHECK(guard > 1);

  parent.kill();
  const auto deadline = steady_clock::now() + seconds(2);
  for (const pid_t pid : family) CHECK(ends_by(pid, deadline));
  CHECK(ends_by(guard, deadline));
}

TEST_CASE("orphans: a server that exits leaves no daemon behind") {
  const TempDir directory;
  const std::string pids = directory / "pids";
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake({"--pids", pids, "--grandchild"})});
  const std::vector<pid_t> family = read_pids(pids);
  REQUIRE(family.size() == 2);
  house.begin("fake__exit");
  const auto deadline = steady_clock::now() + kGenerous;
  for (const pid_t pid : family) CHECK(ends_by(pid, deadline));
}

TEST_CASE("orphans: when the guard is killed its server dies with it, and a new one comes") {
  const TempDir directory;
  const std::string pids = directory / "pids";
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake({"--pids", pids, "--stubborn"})});
  const StartedCall call = house.begin("fake__never");
  REQUIRE(house.call("fake__echo").status == CallStatus::success);  // so that one arrived
  const pid_t server = house.state().pid;
  ::kill(parent_of(server), SIGKILL);
  CHECK(ends_by(server, steady_clock::now() + kGenerous));
  CHECK(call.watch->wait().status == CallStatus::upstream_unavailable);
  CHECK(house.log_.wait_for("upstream_up", 2));
  CHECK(house.state().pid != server);
}

TEST_CASE("orphans: stop() ends a child that ignores EOF and TERM, and its daemon") {
  const TempDir directory;
  const std::string pids = directory / "pids";
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake({"--pids", pids, "--stubborn", "--grandchild"})});
  const std::vector<pid_t> family = read_pids(pids);
  REQUIRE(family.size() == 2);
  house.stop();
  // Already, without waiting.
  for (const pid_t pid : family) CHECK(ends_by(pid, steady_clock::now()));
  CHECK(house.state().state == "stopped");
  CHECK(zombies() == 0);
}

TEST_CASE("orphans: stop() ends a child that somebody stopped, and one whose guard is") {
  const TempDir directory;
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake({}, "a"), UpstreamHouse::fake({}, "b")});
  const pid_t stopped = house.state(0).pid;
  const pid_t unguarded = house.state(1).pid;
  ::kill(stopped, SIGSTOP);
  ::kill(parent_of(unguarded), SIGSTOP);
  house.stop();
  CHECK(ends_by(stopped, steady_clock::now()));
  CHECK(ends_by(unguarded, steady_clock::now() + kGenerous));
  CHECK(zombies() == 0);
}

TEST_CASE("orphans: a polite child leaves at the end of its input, long before TERM") {
  UpstreamHouse house;
  UpstreamSet::Options options = UpstreamHouse::quick({UpstreamHouse::fake()});
  options.stop_step = std::chrono::milliseconds(15'000);
  house.start(std::move(options));
  house.set_->wait_settled(generous_deadline());
  const auto began = steady_clock::now();
  house.stop();
  CHECK(steady_clock::now() - began < seconds(10));
}

}  // namespace
}  // namespace devs
