#include "orchestrator/net/byte_pipe.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace devs {
namespace {

std::string read_once(BytePipe& pipe) {
  std::array<char, 64> buffer;
  const ssize_t got = pipe.read(buffer.data(), buffer.size());
  if (got == BytePipe::kLater) return "(later)";
  return got == 0 ? "(end)" : std::string(buffer.data(), static_cast<std::size_t>(got));
}

bool is_nonblocking(int fd) {
  return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

// A reader and a writer of the two ends behave the same whatever joins them.
void both_ways(int read_end, int write_end) {
  BytePipe in(read_end, BytePipe::Way::in);
  BytePipe out(write_end, BytePipe::Way::out);
  CHECK(in.is_polled());
  CHECK(out.is_polled());
  CHECK(read_once(in) == "(later)");
  CHECK(out.write("hello") == 5);
  CHECK(read_once(in) == "hello");
  const std::string much(1 << 16, 'x');
  ssize_t put = 0;
  for (int i = 0; i < 100 && put != BytePipe::kLater; ++i) put = out.write(much);
  CHECK(put == BytePipe::kLater);
  CHECK_FALSE(is_nonblocking(read_end));  // nothing to whoever shares it
  CHECK_FALSE(is_nonblocking(write_end));
  in.close();
  close(read_end);
  CHECK(out.write("x") == 0);
  close(write_end);
}

TEST_CASE("[M10] byte pipe: a pipe and a socket never make their user wait") {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  both_ways(ends[0], ends[1]);
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  both_ways(ends[0], ends[1]);
}

TEST_CASE("[M10] byte pipe: the end of the writer is the end of the stream") {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  BytePipe in(ends[0], BytePipe::Way::in);
  CHECK(write(ends[1], "rest", 4) == 4);
  close(ends[1]);
  CHECK(read_once(in) == "rest");
  CHECK(read_once(in) == "(end)");
  close(ends[0]);
}

TEST_CASE("[M10] byte pipe: a file is read and written from where it stands, a device is one too") {
  const TempDir dir;
  const std::string path = dir.path() / "file";
  std::ofstream(path) << "first second";
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(lseek(file, 6, SEEK_SET) == 6);
  BytePipe in(file, BytePipe::Way::in);
  CHECK_FALSE(in.is_polled());
  CHECK(read_once(in) == "second");
  CHECK(read_once(in) == "(end)");
  BytePipe out(file, BytePipe::Way::out);
  CHECK_FALSE(out.is_polled());
  CHECK(out.write(" third") == 6);
  close(file);
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  CHECK(text.str() == "first second third");

  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  BytePipe nothing(null, BytePipe::Way::in);
  CHECK_FALSE(nothing.is_polled());
  CHECK(read_once(nothing) == "(end)");
  close(null);
  CHECK_FALSE(BytePipe(-1, BytePipe::Way::in).is_open());
}

}  // namespace
}  // namespace devs
