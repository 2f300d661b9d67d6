#include "trace/bell.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>

#include <memory>
#include <thread>
#include <vector>

namespace devs {
namespace {

bool written(const Waker& waker, int wait_ms = 0) {
  pollfd look{waker.fd(), POLLIN, 0};
  return ::poll(&look, 1, wait_ms) == 1;
}

TEST_CASE("Bell: ten rings before a look are one") {
  Bell bell;
  CHECK_FALSE(bell.quiet());
  for (int i = 0; i < 10; ++i) bell.ring();
  CHECK(bell.rang());
  CHECK(bell.quiet());
  CHECK_FALSE(bell.quiet());
}

TEST_CASE("Bell: a ring from another thread wakes the one that sleeps") {
  Bell bell;
  const auto waker = std::make_shared<Waker>();
  bell.heard_by(waker);
  waker->lie_down();
  std::vector<std::jthread> ringers;
  for (int i = 0; i < 4; ++i) ringers.emplace_back([&bell] { bell.ring(); });
  CHECK(written(*waker, 10'000));
}

TEST_CASE("Bell: who is awake is not written to") {
  Bell one, other;
  const auto waker = std::make_shared<Waker>();
  one.heard_by(waker);
  other.heard_by(waker);
  one.ring();
  waker->lie_down();
  waker->get_up();
  other.ring();
  CHECK_FALSE(written(*waker));
  CHECK(one.rang());
  CHECK(other.rang());
}

TEST_CASE("Bell: it may be rung when the one that slept is gone") {
  Bell bell;
  bell.heard_by(std::make_shared<Waker>());
  bell.ring();
  CHECK(bell.quiet());
}

TEST_CASE("Bell: no child inherits its descriptor") {
  const Waker waker;
  CHECK((::fcntl(waker.fd(), F_GETFD) & FD_CLOEXEC) != 0);
}

}  // namespace
}  // namespace devs
