#include "orchestrator/net/write_queue.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

namespace devs {
namespace {

class Pair {
 public:
  Pair() {
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_.data()) == 0);
    const int small = 4'096;
    setsockopt(ends_[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  }
  ~Pair() {
    for (const int end : ends_) close(end);
  }
  int ours() const { return ends_[0]; }
  std::string read_all() {
    std::string all(1u << 20u, '\0');
    const ssize_t n = recv(ends_[1], all.data(), all.size(), MSG_DONTWAIT);
    all.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return all;
  }
  void hang_up() {
    close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_{};
};

FrameSlice slice(std::string text, std::size_t from = 0) {
  auto bytes = std::make_shared<const std::string>(std::move(text));
  return {bytes, from, bytes->size() - from};
}

TEST_CASE("WriteQueue: slices are sent in order, from where they begin") {
  Pair pair;
  WriteQueue queue;
  queue.push("head ");
  queue.push(slice("xxshared ", 2));
  queue.push(std::string());  // nothing is nothing
  queue.push("tail");
  CHECK(queue.bytes() == 16);
  WriteQueue::Progress sent;
  CHECK(queue.flush(pair.ours(), 1'000, sent) == WriteQueue::Sent::all);
  CHECK(sent.bytes == 16);
  CHECK(queue.empty());
  CHECK(pair.read_all() == "head shared tail");
}

TEST_CASE("WriteQueue: more slices than one writev takes") {
  Pair pair;
  WriteQueue queue;
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    queue.push(std::to_string(i) + ",");
    expected += std::to_string(i) + ",";
  }
  WriteQueue::Progress sent;
  CHECK(queue.flush(pair.ours(), 1'000'000, sent) == WriteQueue::Sent::all);
  CHECK(pair.read_all() == expected);
}

TEST_CASE("WriteQueue: a full socket keeps the rest, byte for byte") {
  Pair pair;
  WriteQueue queue;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    const std::string frame(10'000, static_cast<char>('a' + i));
    expected += frame;
    queue.push(slice(frame));
  }
  std::string got;
  WriteQueue::Progress sent;
  bool was_full = false;
  while (!queue.empty()) {
    was_full =
        queue.flush(pair.ours(), std::size_t(-1), sent) == WriteQueue::Sent::full || was_full;
    CHECK(queue.bytes() == expected.size() - sent.bytes);
    got += pair.read_all();
  }
  got += pair.read_all();
  CHECK(was_full);
  CHECK(sent.bytes == expected.size());
  CHECK(got == expected);
}

TEST_CASE("WriteQueue: a slice whose frames it does not know is one frame") {
  Pair pair;
  WriteQueue queue;
  CHECK(queue.rest_of_frame().bytes.empty());
  queue.push(std::string(1'000'000, 'x'));
  CHECK(queue.rest_of_frame().bytes.empty());
  WriteQueue::Progress sent;
  REQUIRE(queue.flush(pair.ours(), std::size_t(-1), sent) == WriteQueue::Sent::full);
  CHECK(queue.rest_of_frame().bytes.size() == 1'000'000 - sent.bytes);
  CHECK(queue.rest_of_frame().end == nullptr);
  queue.clear();
  CHECK(queue.rest_of_frame().bytes.empty());
  CHECK(queue.bytes() == 0);
}

TEST_CASE("[T28] WriteQueue: knows the rest of the frame it stands in") {
  constexpr std::size_t kFrame = 999;
  const auto bytes = std::make_shared<const std::string>(kFrame * 1'000, 'x');
  std::vector<FrameEnd> ends;
  for (Sequence n = 0; n <= 1'000; ++n) ends.push_back({n, n * kFrame});
  Pair pair;
  WriteQueue queue;
  queue.push({bytes, 2 * kFrame, 998 * kFrame, &ends});
  CHECK(queue.rest_of_frame().bytes.empty());
  CHECK(queue.rest_of_frame().end->sequence == 2);
  WriteQueue::Progress sent;
  REQUIRE(queue.flush(pair.ours(), std::size_t(-1), sent) == WriteQueue::Sent::full);
  const std::size_t at = 2 * kFrame + sent.bytes;
  const auto rest = queue.rest_of_frame();
  CHECK(rest.bytes.size() == (kFrame - at % kFrame) % kFrame);
  CHECK(rest.end->offset == at + rest.bytes.size());
}

TEST_CASE("WriteQueue: a share ends the flush, not the queue") {
  Pair pair;
  WriteQueue queue;
  for (int i = 0; i < 200; ++i) queue.push("0123456789");
  WriteQueue::Progress sent;
  CHECK(queue.flush(pair.ours(), 100, sent) == WriteQueue::Sent::all);
  CHECK(sent.bytes >= 100);
  CHECK(sent.bytes < 2'000);
  CHECK_FALSE(queue.empty());
}

TEST_CASE("WriteQueue: what the socket takes at once leaves the caller its memory") {
  Pair pair;
  WriteQueue queue;
  std::vector<FrameSlice> fresh;
  fresh.reserve(8);
  const FrameSlice* const memory = fresh.data();
  fresh.push_back(slice("one "));
  fresh.push_back({});  // nothing is nothing
  fresh.push_back(slice("two"));
  WriteQueue::Progress sent;
  CHECK(queue.flush(pair.ours(), fresh, 1'000, sent) == WriteQueue::Sent::all);
  CHECK(sent.calls == 1);
  CHECK(queue.empty());
  CHECK(fresh.empty());
  CHECK(fresh.data() == memory);
  CHECK(pair.read_all() == "one two");
}

TEST_CASE("WriteQueue: what the socket does not take waits before what comes next") {
  Pair pair;
  WriteQueue queue;
  std::vector<FrameSlice> fresh{slice(std::string(100'000, 'x'))};
  WriteQueue::Progress sent;
  REQUIRE(queue.flush(pair.ours(), fresh, std::size_t(-1), sent) == WriteQueue::Sent::full);
  CHECK(fresh.empty());
  CHECK(queue.bytes() == 100'000 - sent.bytes);
  std::string got = pair.read_all();
  fresh.push_back(slice("yz"));
  while (queue.flush(pair.ours(), fresh, std::size_t(-1), sent) == WriteQueue::Sent::full)
    got += pair.read_all();
  got += pair.read_all();
  CHECK(got == std::string(100'000, 'x') + "yz");
  CHECK(queue.bytes() == 0);
}

TEST_CASE("WriteQueue: a peer that is gone is broken, and raises no signal") {
  Pair pair;
  pair.hang_up();
  WriteQueue queue;
  queue.push("x");
  WriteQueue::Progress sent;
  CHECK(queue.flush(pair.ours(), 10, sent) == WriteQueue::Sent::broken);
}

}  // namespace
}  // namespace devs
