#include "orchestrator/query/log_excerpt.h"

#include <doctest/doctest.h>

#include "tests/orchestrator/query/shelf_log.h"

namespace devs {
namespace {

constexpr std::size_t kMuch = 1u << 30u;

void fill(ShelfLog& log, int count, std::size_t bytes = 10) {
  for (int i = 1; i <= count; ++i) {
    std::string body = "{" + std::to_string(i) + ":";
    body.resize(bytes - 1, 'x');
    log.add(body + "}");
  }
}
std::vector<Sequence> sequences_of(const std::vector<ReadBack>& entries) {
  std::vector<Sequence> found;
  for (const ReadBack& entry : entries) found.push_back(entry.sequence);
  return found;
}

TEST_CASE("log_excerpt: entries come back whole, in the order asked for") {
  ShelfLog log;
  fill(log, 500);
  for (const std::vector<Sequence>& wanted : {std::vector<Sequence>{1},
                                              {1, 2, 3},
                                              {3, 2, 1},
                                              {7, 300, 301, 500},
                                              {500, 499, 12, 1},
                                              {}}) {
    const auto found = read_back(log, wanted, kMuch);
    CHECK(sequences_of(found) == wanted);
    for (const ReadBack& entry : found) CHECK(entry.body == log.body(entry.sequence));
  }
}

TEST_CASE("log_excerpt: neighbours are read together") {
  ShelfLog log;
  fill(log, 1000);
  std::vector<Sequence> wanted;
  for (Sequence each = 1000; each > 0; each -= 10) wanted.push_back(each);
  CHECK(sequences_of(read_back(log, wanted, kMuch)) == wanted);
  CHECK(log.reads() == 1);
}

TEST_CASE("log_excerpt: bytes are bounded from the begin of the page, in either order") {
  ShelfLog log;
  fill(log, 100, 1000);
  std::vector<Sequence> up, down;
  for (Sequence each = 1; each <= 100; ++each) up.push_back(each);
  down.assign(up.rbegin(), up.rend());
  CHECK(sequences_of(read_back(log, up, 3500)) == std::vector<Sequence>{1, 2, 3});
  CHECK(sequences_of(read_back(log, down, 3500)) == std::vector<Sequence>{100, 99, 98});
  CHECK(sequences_of(read_back(log, down, 1)) == std::vector<Sequence>{100});
  CHECK(sequences_of(read_back(log, up, 1)) == std::vector<Sequence>{1});
  CHECK(sequences_of(read_back(log, {100, 20, 19}, 2000)) == std::vector<Sequence>{100, 20});
}

TEST_CASE("log_excerpt: what the log lost is named, and what is around it comes") {
  ShelfLog log;
  fill(log, 10);
  log.lose(4, 6, LossReason::corrupt);
  log.drop_before(2);
  const auto up = read_back(log, {1, 2, 3, 4, 5, 7, 12}, kMuch);
  REQUIRE(up.size() == 7);
  CHECK(up[0].lost == LossReason::expired);
  CHECK_FALSE(up[1].lost);
  CHECK(up[3].lost == LossReason::corrupt);
  CHECK(up[4].lost == LossReason::corrupt);
  CHECK(up[5].body == log.body(7));
  CHECK(up[6].lost == LossReason::corrupt);  // beyond the end
  CHECK(sequences_of(read_back(log, {9, 6, 5, 3}, kMuch)) == std::vector<Sequence>{9, 6, 5, 3});
}

}  // namespace
}  // namespace devs
