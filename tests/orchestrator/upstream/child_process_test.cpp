#include "orchestrator/upstream/child_process.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <csignal>
#include <cstdlib>

#include "orchestrator/upstream/guard_messages.h"
#include "tests/orchestrator/upstream/process_probe.h"
#include "tests/orchestrator/upstream/upstream_fixture.h"

namespace devs {
namespace {

std::vector<std::string> strings_of(JsonView list) {
  std::vector<std::string> out;
  list.each_element([&out](JsonView text) { out.push_back(text.string().value_or("")); });
  return out;
}

// What a child under `config` says of itself.
std::string portrait_of(UpstreamConfig config) {
  UpstreamHouse house;
  house.start_quick({std::move(config)});
  REQUIRE_MESSAGE(house.state().state == "up", house.state().last_error);
  return std::string(JsonView(house.call("fake__dump").result)["structuredContent"].text());
}

// Has `signal` ignored or blocked, as a careless host may, while it lives.
class CarelessHost {
 public:
  CarelessHost() {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGUSR1, SIG_IGN);
    sigset_t blocked;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::sigaddset(&blocked, SIGUSR2);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before_);  // inherited by threads made now
  }
  ~CarelessHost() {
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGUSR1, SIG_DFL);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  CarelessHost(const CarelessHost&) = delete;
  CarelessHost& operator=(const CarelessHost&) = delete;

 private:
  sigset_t before_{};
};

TEST_CASE("child: has the descriptors 0, 1 and 2, whatever the parent left open") {
  const int leaky = ::open("/dev/null", O_RDONLY);  // not CLOEXEC, on purpose
  const std::string portrait = portrait_of(UpstreamHouse::fake());
  ::close(leaky);
  CHECK(strings_of(JsonView(portrait)["fds"]) == std::vector<std::string>{"0", "1", "2"});
}

TEST_CASE("child: signals are default and unblocked, whatever the host did to its own") {
  const CarelessHost careless;
  const std::string portrait = portrait_of(UpstreamHouse::fake());
  CHECK(JsonView(portrait)["blocked"].text() == "\"0000000000000000\"");
  CHECK(JsonView(portrait)["ignored"].text() == "\"0000000000000000\"");
}

TEST_CASE("child: sees six allowed variables and the declared ones, never ours") {
  ::setenv("DEVS_TEST_SECRET", "do not pass on", 1);
  ::setenv("TERM", "() { echo a function; }", 1);
  ::setenv("SHELL", "/bin/one", 1);
  UpstreamConfig config = UpstreamHouse::fake();
  config.env = {{"DECLARED", "a=b\nc"}, {"SHELL", "/bin/other"}};
  const std::string portrait = portrait_of(config);
  ::unsetenv("DEVS_TEST_SECRET");
  ::unsetenv("TERM");

  bool declared = false;
  for (const std::string& variable : strings_of(JsonView(portrait)["env"])) {
    const std::string name = variable.substr(0, variable.find('='));
    CAPTURE(variable);
    const bool allowed = name == "HOME" || name == "LOGNAME" || name == "PATH" || name == "USER" ||
                         variable == "SHELL=/bin/other" || variable == "DECLARED=a=b\nc";
    CHECK(allowed);
    declared = declared || name == "DECLARED";
  }
  CHECK(declared);
}

TEST_CASE("child: argv arrives as it is, no shell looks at it") {
  UpstreamConfig config = UpstreamHouse::fake({"; $() \n", "", "*", "`id`", "\"'\\", "-x"});
  const std::string portrait = portrait_of(config);
  CHECK(strings_of(JsonView(portrait)["argv"]) ==
        std::vector<std::string>{DEVS_FAKE_UPSTREAM, "; $() \n", "", "*", "`id`", "\"'\\", "-x"});
}

TEST_CASE("child: leads a group of its own, with few descriptors allowed and no core") {
  const TempDir directory;
  UpstreamConfig config = UpstreamHouse::fake();
  config.cwd = directory.path();
  const std::string portrait = portrait_of(config);
  CHECK(JsonView(portrait)["leads_group"].boolean() == true);
  CHECK(JsonView(portrait)["files"].integer() == 1024);
  CHECK(JsonView(portrait)["core"].integer() == 0);
  CHECK(JsonView(portrait)["cwd"].string() == directory.path().string());
}

TEST_CASE("child: its pid is the server's own, not the guard's") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake()});
  const std::string result = house.call("fake__dump").result;
  CHECK(JsonView(result)["structuredContent"]["pid"].integer() == house.state().pid);
}

TEST_CASE("child: a command without '/' is looked up in the PATH it will have") {
  UpstreamConfig config = UpstreamHouse::fake();
  const std::string path = config.command;
  config.command = path.substr(path.rfind('/') + 1);
  config.env["PATH"] = path.substr(0, path.rfind('/'));
  const std::string portrait = portrait_of(config);
  CHECK(strings_of(JsonView(portrait)["argv"])[0] == config.command);
}

TEST_CASE("spawn_child: a missing guard is named, with where it belongs") {
  const Result<ChildEnds> child = spawn_child({.guard_path = "/nowhere/guard",
                                               .command = "true",
                                               .args = {},
                                               .environment = {},
                                               .cwd = {}});
  REQUIRE_FALSE(child.ok());
  CHECK(child.status().code() == Code::not_found);
  CHECK(child.status().message() ==
        "the child guard program `/nowhere/guard` is missing; it is built and installed beside "
        "mcp-orchestrator");
}

TEST_CASE("upstream: a command or directory that does not exist is said so") {
  UpstreamConfig command = UpstreamHouse::fake();
  command.command = "no-such-program-anywhere";
  UpstreamConfig directory = UpstreamHouse::fake({}, "other");
  directory.cwd = "/no/such/directory";
  UpstreamHouse house;
  house.start_quick({command, directory});
  CHECK(house.state(0).state != "up");
  CHECK(house.state(0).last_error == "it cannot be started (exec: No such file or directory)");
  CHECK(house.state(1).last_error == "it cannot be started (chdir: No such file or directory)");
}

TEST_CASE("guard reports: decoded, anything else refused") {
  CHECK(decode_guard_report("started 12")->pid == 12);
  CHECK(decode_guard_report("exited 256")->status == 256);
  CHECK(decode_guard_report("failed exec 2")->reason == "exec: No such file or directory");
  for (const char* text : {"", "started", "started x", "started 1 2", "failed", "failed exec",
                           "failed cook 2", "nonsense 1"})
    CHECK_FALSE(decode_guard_report(text));
  CHECK(describe_exit(256) == "exited with code 1");
  CHECK(describe_exit(9) == "was killed by signal 9 (SIGKILL)");
}

}  // namespace
}  // namespace devs
