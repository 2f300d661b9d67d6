#include "orchestrator/net/worker_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>

namespace devs {
namespace {

// Holds workers until it is opened.
class Door {
 public:
  void pass() {
    MutexLock lock(mutex_);
    ++inside_;
    changed_.notify_all();
    while (!open_) changed_.wait(mutex_);
  }
  void wait_inside(int count) {
    MutexLock lock(mutex_);
    while (inside_ < count) changed_.wait(mutex_);
  }
  void open() {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int inside_ DEVS_GUARDED_BY(mutex_) = 0;
  bool open_ DEVS_GUARDED_BY(mutex_) = false;
};

TEST_CASE("WorkerPool: a full queue refuses, and says so") {
  WorkerPool pool({.name = "test", .threads = 2, .queue_capacity = 3});
  Door door;
  std::atomic<int> ran{0};
  const auto work = [&] {
    door.pass();
    ++ran;
  };
  for (int i = 0; i < 2; ++i) REQUIRE(pool.try_submit(work).ok());
  door.wait_inside(2);
  for (int i = 0; i < 3; ++i) CHECK(pool.try_submit(work).ok());
  CHECK(pool.waiting() == 3);
  const Status full = pool.try_submit(work);
  CHECK(full.code() == Code::resource_exhausted);
  CHECK(full.message().find("test") != std::string::npos);
  door.open();
  pool.stop();
  CHECK(ran == 5);
}

TEST_CASE("WorkerPool: stop runs what was accepted and refuses what comes after") {
  WorkerPool pool({.name = "test", .threads = 1, .queue_capacity = 1'000});
  std::atomic<int> ran{0};
  for (int i = 0; i < 1'000; ++i) REQUIRE(pool.try_submit([&ran] { ++ran; }).ok());
  pool.stop();
  CHECK(ran == 1'000);
  CHECK(pool.try_submit([&ran] { ++ran; }).code() == Code::unavailable);
  pool.stop();
  CHECK(ran == 1'000);
}

TEST_CASE("WorkerPool: work may own things that exist once") {
  WorkerPool pool({.name = "test", .threads = 1, .queue_capacity = 4});
  std::atomic<int> seen{0};
  auto owned = std::make_unique<int>(42);
  REQUIRE(pool.try_submit([&seen, owned = std::move(owned)] { seen = *owned; }).ok());
  pool.stop();
  CHECK(seen == 42);
}

TEST_CASE("WorkerPool: one thread begins in the order of submission") {
  WorkerPool pool({.name = "test", .threads = 1, .queue_capacity = 100});
  std::string order;
  for (char c = 'a'; c <= 'z'; ++c) REQUIRE(pool.try_submit([&order, c] { order += c; }).ok());
  pool.stop();
  CHECK(order == "abcdefghijklmnopqrstuvwxyz");
}

TEST_CASE("WorkerPool: work that throws ends alone and is counted") {
  WorkerPool pool({.name = "test", .threads = 1, .queue_capacity = 4});
  bool ran = false;
  REQUIRE(pool.try_submit([] { throw 1; }).ok());
  REQUIRE(pool.try_submit([&ran] { ran = true; }).ok());
  pool.stop();
  CHECK(ran);
  CHECK(pool.escaped() == 1);
}

}  // namespace
}  // namespace devs
