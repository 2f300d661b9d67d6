#include "orchestrator/streams/frame_batch.h"

#include <doctest/doctest.h>

#include <string>

#include "orchestrator/streams/stream_group.h"

using namespace devs;

namespace {

FrameBatchPtr batch_of(Sequence first, Sequence last, std::vector<Sequence> frames,
                       bool chunked = false) {
  auto batch = std::make_shared<FrameBatch>();
  batch->first = first;
  batch->last = last;
  for (const Sequence n : frames) batch->append(n, "[" + std::to_string(n) + "]", chunked);
  return batch;
}

std::string text_of(const FrameSlice& slice) {
  return slice.bytes ? slice.bytes->substr(slice.from, slice.size) : "";
}

}  // namespace

TEST_CASE("FrameBatch: a reader takes from where it stands, whole frames, in pieces") {
  const FrameBatchPtr batch = batch_of(10, 20, {11, 13, 15, 17});
  Sequence from = 10;
  auto taken = FrameBatch::take(batch, from, 1000);
  CHECK(text_of(taken.slice) == "[11][13][15][17]");
  CHECK(taken.last_id == 17);
  CHECK(from == 21);

  from = 14;
  CHECK(text_of(FrameBatch::take(batch, from, 1000).slice) == "[15][17]");
  CHECK(from == 21);

  from = 10;
  taken = FrameBatch::take(batch, from, 9);
  CHECK(text_of(taken.slice) == "[11][13]");
  CHECK(taken.last_id == 13);
  CHECK(from == 14);
  CHECK(text_of(FrameBatch::take(batch, from, 1).slice) == "[15]");
  CHECK(from == 16);
  CHECK(text_of(FrameBatch::take(batch, from, 1).slice) == "[17]");
  CHECK(from == 21);

  from = 18;
  CHECK(FrameBatch::take(batch, from, 1000).slice.size == 0);
  CHECK(from == 21);
}

TEST_CASE("FrameBatch: a stream ends with the frames it ends with, for whoever takes them") {
  FrameBatch built;
  built.first = 10;
  built.last = 20;
  built.append(11, "[11]", false);
  built.append(13, "[end]", false);
  built.finish();
  built.append(15, "[15]", false);
  const auto batch = std::make_shared<const FrameBatch>(std::move(built));
  Sequence from = 10;
  auto taken = FrameBatch::take(batch, from, 1000);
  CHECK(text_of(taken.slice) == "[11][end]");
  CHECK(taken.final);
  CHECK(from == 14);
  from = 10;
  CHECK_FALSE(FrameBatch::take(batch, from, 1).final);
  CHECK(FrameBatch::take(batch, from, 1).final);
  // Who comes after the end gets what came after it.
  taken = FrameBatch::take(batch, from, 1000);
  CHECK(text_of(taken.slice) == "[15]");
  CHECK_FALSE(taken.final);
  CHECK(from == 21);
}

TEST_CASE("[T28] FrameBatch: a slice says how far a client is that got some of it") {
  const FrameBatchPtr batch = batch_of(10, 20, {11, 13, 15});
  Sequence from = 12;
  const FrameSlice slice = FrameBatch::take(batch, from, 1).slice;
  CHECK(text_of(slice) == "[13]");
  REQUIRE(slice.ends != nullptr);
  REQUIRE(slice.ends->size() == 4);
  CHECK(slice.ends->front().sequence == 9);  // none of it: all before its first
  CHECK(slice.ends->front().offset == 0);
  CHECK(slice.ends->at(1).sequence == 11);
  CHECK(slice.ends->at(1).offset == slice.from);
  CHECK(slice.ends->at(2).offset == slice.from + slice.size);
}

TEST_CASE("FrameBatch: a stretch without frames still says how far it reaches") {
  const FrameBatchPtr batch = batch_of(5, 900, {});
  Sequence from = 7;
  CHECK(FrameBatch::take(batch, from, 10).slice.size == 0);
  CHECK(from == 901);
}

TEST_CASE("FrameBatch: chunked frames are whole chunks") {
  const FrameBatchPtr batch = batch_of(1, 2, {1, 2}, true);
  Sequence from = 1;
  CHECK(text_of(FrameBatch::take(batch, from, 1).slice) == "3\r\n[1]\r\n");
  CHECK(text_of(FrameBatch::take(batch, from, 1).slice) == "3\r\n[2]\r\n");
}

TEST_CASE("StreamGroup: finds the first batch that reaches a sequence") {
  StreamGroup group;
  CHECK(group.find(1) == nullptr);
  for (Sequence n = 10; n <= 50; n += 10) group.batches.push_back(batch_of(n, n + 5, {n}));
  CHECK(group.find(1) == group.batches[0]);
  CHECK(group.find(15) == group.batches[0]);
  CHECK(group.find(16) == group.batches[1]);
  CHECK(group.find(45) == group.batches[3]);
  CHECK(group.find(46) == group.batches[4]);
  CHECK(group.find(55) == group.batches[4]);
  CHECK(group.find(56) == nullptr);
}

TEST_CASE("WaitList: readers wait in order and leave from anywhere") {
  WaitList list;
  WaitLink one, two, three;
  CHECK(list.front() == nullptr);
  list.push_back(one);
  list.push_back(two);
  list.push_back(three);
  two.unlink();
  two.unlink();
  CHECK_FALSE(two.linked());
  CHECK(list.front() == &one);
  one.unlink();
  CHECK(list.front() == &three);
  three.unlink();
  CHECK(list.front() == nullptr);
}
