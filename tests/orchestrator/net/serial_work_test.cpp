#include "orchestrator/net/serial_work.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

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

TEST_CASE("SerialWork: a pool that refuses makes the caller do it") {
  WorkerPool pool({.name = "p", .threads = 1, .queue_capacity = 1});
  pool.stop();
  const auto work = std::make_shared<SerialWork>(pool);
  std::thread::id where;
  work->post([&] { where = std::this_thread::get_id(); });
  CHECK(where == std::this_thread::get_id());
}

}  // namespace
}  // namespace devs
