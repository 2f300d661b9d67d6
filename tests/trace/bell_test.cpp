#include "trace/bell.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>

#include <thread>
#include <vector>

namespace devs {
namespace {

bool rings(const Bell& bell, int wait_ms = 0) {
  pollfd look{bell.fd(), POLLIN, 0};
  return ::poll(&look, 1, wait_ms) == 1;
}

TEST_CASE("Bell: ten rings before a look are one") {
  Bell bell;
  CHECK_FALSE(rings(bell));
  for (int i = 0; i < 10; ++i) bell.ring();
  CHECK(rings(bell));
  bell.quiet();
  CHECK_FALSE(rings(bell));
  bell.quiet();  // never blocks
}

TEST_CASE("Bell: a ring from another thread wakes the one that waits") {
  Bell bell;
  std::vector<std::jthread> ringers;
  for (int i = 0; i < 4; ++i) ringers.emplace_back([&bell] { bell.ring(); });
  CHECK(rings(bell, 10'000));
}

TEST_CASE("Bell: no child inherits it") {
  const Bell bell;
  CHECK((::fcntl(bell.fd(), F_GETFD) & FD_CLOEXEC) != 0);
}

}  // namespace
}  // namespace devs
