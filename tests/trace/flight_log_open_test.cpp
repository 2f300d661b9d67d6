#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"
#include "tests/trace/trace_kit.h"
#include "trace/flight_log.h"

namespace devs {
namespace {

using Opened = Result<std::unique_ptr<FlightLog>>;

TEST_CASE("FlightLog: only the owner may look, and no child inherits a descriptor") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir / "deep/trace"}, lines);
  REQUIRE(log.ok());
  const auto mode = [&](const char* name) {
    struct stat is {};
    REQUIRE(::stat((dir / name).c_str(), &is) == 0);
    return is.st_mode & 0777;
  };
  CHECK(mode("deep/trace") == 0700);
  CHECK(mode("deep/trace/segments") == 0700);
  for (const char* name : {"deep/trace/trace.log", "deep/trace/trace.idx", "deep/trace/trace.meta",
                           "deep/trace/trace.lock"})
    CHECK(mode(name) == 0600);
  int ours = 0;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(each.path(), gone);
    if (gone || !contains(target.string(), dir.path().string())) continue;
    ++ours;
    CHECK((::fcntl(std::stoi(each.path().filename().string()), F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(ours == 3);  // log, sidecar and lock; nothing else stays open
}

TEST_CASE("FlightLog: the sequence and the epoch go on after a restart") {
  const TempDir dir;
  MemoryLog lines;
  Epoch epoch;
  {
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(log.ok());
    CHECK((*log)->found().last == 0);
    REQUIRE(append_some(**log, 2).ok());
    epoch = (*log)->epoch();
    CHECK(epoch.size() == 10);
    CHECK(epoch.find_first_not_of("0123456789abcdef") == std::string::npos);
  }
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->epoch() == epoch);
  CHECK((*log)->found().last == 2);
  CHECK((*log)->found().torn_bytes == 0);
  REQUIRE(append_some(**log, 1).ok());
  CHECK(bytes_of(dir / "trace.log") ==
        body_of("1") + "\n" + body_of("2") + "\n" + body_of("3") + "\n");
}

TEST_CASE("FlightLog: a log that is gone or empty begins a new epoch") {
  const TempDir dir;
  MemoryLog lines;
  const auto epoch_now = [&] {
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(log.ok());
    REQUIRE(append_some(**log, 1).ok());
    return (*log)->epoch();
  };
  const Epoch first = epoch_now();
  CHECK(epoch_now() == first);
  write_bytes(dir / "trace.log", "");
  const Epoch second = epoch_now();
  CHECK(second != first);
  std::filesystem::remove(dir / "trace.log");
  CHECK(epoch_now() != second);
  CHECK(lines.count("warn") == 0);
}

TEST_CASE("FlightLog: entries whose epoch is lost get a new one, and a warning") {
  const TempDir dir;
  MemoryLog lines;
  for (const std::string_view meta : {"", "{\"form", "{\"format\":1,\"epoch\":\"../../etc\"}"}) {
    write_bytes(dir / "trace.log", body_of("1") + "\n");
    write_bytes(dir / "trace.meta", meta);
    std::filesystem::remove(dir / "trace.idx");
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(log.ok());
    CHECK((*log)->epoch().size() == 10);
    CHECK((*log)->last() == 1);
  }
  CHECK(lines.count("warn epoch_renewed") == 3);
}

TEST_CASE("[T10] FlightLog: a newer format is refused by name and left alone") {
  const TempDir dir;
  MemoryLog lines;
  const std::string meta = "{\"format\":3,\"epoch\":\"5f3a9c01d2\"}\n";
  write_bytes(dir / "trace.meta", meta);
  write_bytes(dir / "trace.log", "whatever this is");
  const Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE_FALSE(log.ok());
  CHECK(log.status().code() == Code::invalid_argument);
  CHECK(contains(log.status().message(), "trace.meta has format 3"));
  CHECK(contains(log.status().message(), "up to 2"));
  CHECK(bytes_of(dir / "trace.meta") == meta);
  CHECK(bytes_of(dir / "trace.log") == "whatever this is");
}

TEST_CASE("FlightLog: a second one on the same directory is refused, and says who is there") {
  const TempDir dir;
  MemoryLog lines;
  {
    Opened first = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(first.ok());
    const Opened second = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE_FALSE(second.ok());
    CHECK(second.status().code() == Code::unavailable);
    CHECK(contains(second.status().message(), dir.path().string()));
    CHECK(contains(second.status().message(), "process " + std::to_string(::getpid())));
  }
  CHECK(FlightLog::open({.dir = dir.path()}, lines).ok());
}

TEST_CASE("FlightLog: what cannot be opened is refused with path, reason and way out") {
  MemoryLog lines;
  {
    const TempDir dir;
    std::filesystem::create_directory(dir / "trace.log");
    const Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE_FALSE(log.ok());
    CHECK(contains(log.status().message(), (dir / "trace.log").string()));
    CHECK(contains(log.status().message(), "EISDIR"));
    CHECK(contains(log.status().message(), "move it away"));
  }
  {
    const TempDir dir;
    write_bytes(dir / "trace", "a file");
    const Opened log = FlightLog::open({.dir = dir / "trace"}, lines);
    REQUIRE_FALSE(log.ok());
    CHECK(contains(log.status().message(), (dir / "trace").string()));
    CHECK(contains(log.status().message(), "Not a directory"));
    CHECK(contains(log.status().message(), "another directory"));
  }
  {
    const TempDir dir;
    REQUIRE(::mkfifo((dir / "trace.log").c_str(), 0600) == 0);
    const Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE_FALSE(log.ok());
    CHECK(contains(log.status().message(), "not a regular file"));
  }
  if (::geteuid() != 0) {  // root may do everything
    const TempDir dir;
    write_bytes(dir / "trace.log", "");
    std::filesystem::permissions(dir / "trace.log", std::filesystem::perms::owner_read);
    const Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE_FALSE(log.ok());
    CHECK(contains(log.status().message(), "EACCES"));
    CHECK(contains(log.status().message(), "give this user the right"));
  }
}

}  // namespace
}  // namespace devs
