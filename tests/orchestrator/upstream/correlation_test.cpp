#include "orchestrator/upstream/correlation.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

UpstreamReply reply_with(std::string result) {
  UpstreamReply reply;
  reply.result = std::move(result);
  return reply;
}

TEST_CASE("Correlation: an answer meets its own question, once") {
  Correlation correlation;
  std::string got;
  const std::uint64_t id = correlation.next_id();
  correlation.expect(id, [&got](UpstreamReply reply) { got += reply.result; });
  CHECK_FALSE(correlation.answer(id + 1, reply_with("stranger")));
  CHECK(correlation.answer(id, reply_with("mine")));
  CHECK_FALSE(correlation.answer(id, reply_with("again")));
  CHECK(got == "mine");
}

TEST_CASE("Correlation: a forgotten question hears nothing, and its late answer is a stranger") {
  Correlation correlation;
  bool heard = false;
  const std::uint64_t id = correlation.next_id();
  correlation.expect(id, [&heard](UpstreamReply) { heard = true; });
  CHECK(correlation.forget(id));
  CHECK_FALSE(correlation.forget(id));
  CHECK_FALSE(correlation.answer(id, reply_with("late")));
  CHECK_FALSE(heard);
}

TEST_CASE("Correlation: at the end everyone hears that nothing will come, and may ask anew") {
  Correlation correlation;
  int heard = 0;
  for (int i = 0; i < 3; ++i) {
    correlation.expect(correlation.next_id(), [&](UpstreamReply reply) {
      CHECK(reply.unavailable == "it exited");
      ++heard;
      correlation.expect(correlation.next_id(), [](UpstreamReply) {});
    });
  }
  correlation.end_all("it exited");
  CHECK(heard == 3);
  CHECK(correlation.waiting() == 3);
}

TEST_CASE("Correlation: ids are never used twice, whatever ended between") {
  Correlation correlation;
  const std::uint64_t first = correlation.next_id();
  correlation.end_all("x");
  CHECK(correlation.next_id() > first);
}

}  // namespace
}  // namespace devs
