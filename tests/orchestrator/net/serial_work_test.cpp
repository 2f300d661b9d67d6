#include "orchestrator/net/serial_work.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/gate.h"

namespace devs {
namespace {

TEST_CASE("SerialWork: one piece at a time, each poster's in order, on many threads") {
  WorkerPool pool({.name = "p", .threads = 4, .queue_capacity = 64});
  const auto work = std::make_shared<SerialWork>(pool);
  std::vector<int> seen[2];  // unguarded on purpose: one at a time needs no lock
  std::atomic<int> inside{0}, most{0};
  {
    std::vector<std::jthread> posters;
    for (int poster = 0; poster < 2; ++poster)
      posters.emplace_back([&, poster] {
        for (int i = 0; i < 1'000; ++i)
          work->post([&, poster, i] {
            if (++inside > 1) most = 2;
            seen[poster].push_back(i);
            --inside;
          });
      });
  }
  pool.stop();
  CHECK(most == 0);
  for (const auto& one : seen) {
    REQUIRE(one.size() == 1'000);
    for (int i = 0; i < 1'000; ++i) CHECK(one[static_cast<std::size_t>(i)] == i);
  }
}

TEST_CASE("SerialWork: work that throws ends alone, and what comes after it is done") {
  WorkerPool pool({.name = "p", .threads = 1, .queue_capacity = 4});
  const auto work = std::make_shared<SerialWork>(pool);
  std::atomic<int> done{0};
  work->post([] { throw 1; });
  work->post([&] { ++done; });
  pool.stop();
  work->post([] { throw 1; });  // by the caller
  work->post([&] { ++done; });
  CHECK(done == 2);
  CHECK(pool.escaped() == 2);
}

TEST_CASE("SerialWork: a full pool makes it wait for a worker, never the caller do it") {
  WorkerPool pool({.name = "p", .threads = 1, .queue_capacity = 1});
  Gate busy;
  REQUIRE(pool.try_submit([&] { busy.pass(); }).ok());
  REQUIRE(busy.wait_for_arrival());
  REQUIRE(pool.try_submit([] {}).ok());
  REQUIRE(pool.try_submit([] {}).code() == Code::resource_exhausted);
  const auto first = std::make_shared<SerialWork>(pool),
             second = std::make_shared<SerialWork>(pool);
  std::vector<int> done;
  std::atomic<bool> by_us{false};
  const auto piece = [&, us = std::this_thread::get_id()](int number) {
    return [&, us, number] {
      done.push_back(number);
      if (std::this_thread::get_id() == us) by_us = true;
    };
  };
  for (const int number : {1, 2, 3}) first->post(piece(number));
  second->post(piece(4));
  CHECK(pool.waiting() == 3);  // one for each, however many pieces
  busy.open();
  pool.stop();
  CHECK(done == std::vector<int>{1, 2, 3, 4});
  CHECK_FALSE(by_us);
}

TEST_CASE("SerialWork: a pool that has stopped makes the caller do it") {
  WorkerPool pool({.name = "p", .threads = 1, .queue_capacity = 1});
  pool.stop();
  const auto work = std::make_shared<SerialWork>(pool);
  std::thread::id where;
  work->post([&] { where = std::this_thread::get_id(); });
  CHECK(where == std::this_thread::get_id());
}

}  // namespace
}  // namespace devs
