#include "orchestrator/channels/channel_index.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/channels/channel_events.h"
#include "tests/support/patience.h"
#include "tests/support/temp_dir.h"
#include "trace/flight_log.h"
#include "trace/flight_recorder.h"

namespace devs {
namespace {

// One life of a log with its index; `read` is what it handed out at its start.
struct Life {
  explicit Life(const TempDir& dir, std::size_t most = 1'000'000)
      : flight(FlightLog::open({.dir = dir.path(), .clock = &system_clock()}, log).value()),
        bus({.last = flight->last()}, system_clock()),
        recorder(bus, *flight, nullptr, log, metrics, {}),
        index({.dir = dir.path(), .most_read = most}, bus, *flight, flight->epoch(), log, metrics) {
    index.read_back([this](const StoredLine& line) { read.push_back(line.sequence); });
  }
  ~Life() {
    bus.close();
    recorder.stop();
    index.stop();
  }
  void say(const std::string& event) {
    (void)bus.publish(channel_draft({"debates", "42"}, event, "{}", 0, ""));
  }
  void think(int times) {
    for (int n = 0; n < times; ++n)
      (void)bus.publish(draft_of_published(R"({"type":"thought","payload":{}})"));
  }
  void settle() {
    const TimePoint deadline = soon();
    while (bus.head() < bus.last() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
  }

  Log& log = stderr_log(Log::Level::error);
  Metrics metrics;
  const std::unique_ptr<FlightLog> flight;
  TraceStreamBus bus;
  FlightRecorder recorder;
  ChannelIndex index;
  std::vector<Sequence> read;
};
using Sequences = std::vector<Sequence>;

void fill(Life& life) {
  life.say("a");      // 1
  life.think(200);    // 2..201
  life.say("b");      // 202
  life.say("c");      // 203
  life.think(3'000);  // 204..3203
  life.say("d");      // 3204
}

TEST_CASE("ChannelIndex: a start is handed the entries of channels, by the file or without it") {
  const TempDir dir;
  fill(*std::make_unique<Life>(dir));
  const Sequences all{1, 202, 203, 3204};
  CHECK(Life(dir).read == all);
  std::filesystem::remove(dir / "channels.db");
  CHECK(Life(dir).read == all);
  for (const char* beside : {"channels.db-wal", "channels.db-shm"})
    std::filesystem::remove(dir / beside);
  std::ofstream(dir / "channels.db") << std::string(5'000, 'x');
  CHECK(Life(dir).read == all);
  CHECK(Life(dir).read == all);
}

TEST_CASE("ChannelIndex: what came after its last round is read from the log") {
  const TempDir dir;
  fill(*std::make_unique<Life>(dir));
  std::filesystem::copy_file(dir / "channels.db", dir / "kept");
  {
    Life life(dir);
    life.think(10);
    life.say("e");  // 3215
  }
  std::filesystem::copy_file(dir / "kept", dir / "channels.db",
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(Life(dir).read == Sequences{1, 202, 203, 3204, 3215});
}

TEST_CASE("ChannelIndex: rounds note what passes") {
  const TempDir dir;
  {
    Life life(dir);
    for (int round = 0; round < 20; ++round) {
      life.say("a");
      life.think(100);
      life.settle();
      life.index.work();
    }
  }
  CHECK(Life(dir).read.size() == 20);
}

TEST_CASE("ChannelIndex: the newest are handed out, and no more than that") {
  const TempDir dir;
  fill(*std::make_unique<Life>(dir));
  CHECK(Life(dir, 2).read == Sequences{203, 3204});
  std::filesystem::remove(dir / "channels.db");
  CHECK(Life(dir, 3'002).read == Sequences{203, 3204});  // of the log
}

TEST_CASE("ChannelIndex: a file of another log, or ahead of this one, knows nothing") {
  const TempDir dir, other;
  fill(*std::make_unique<Life>(dir));
  {
    Life life(other);
    life.think(5);
    life.say("a");  // 6
  }
  std::filesystem::copy_file(dir / "channels.db", other / "channels.db",
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(Life(other).read == Sequences{6});
}

TEST_CASE("ChannelIndex: a file it cannot open costs no start, and is made once it can be") {
  const TempDir dir;
  fill(*std::make_unique<Life>(dir));
  for (const char* name : {"channels.db", "channels.db-wal", "channels.db-shm"})
    std::filesystem::remove(dir / name);
  std::filesystem::create_directories(dir / "channels.db" / "in the way");
  Life life(dir);
  CHECK(life.read == Sequences{1, 202, 203, 3204});
  CHECK(life.metrics.counter("channel_index_failures_total").value() > 0);
  std::filesystem::remove_all(dir / "channels.db");
  life.index.work();
  CHECK(std::filesystem::is_regular_file(dir / "channels.db"));
}

}  // namespace
}  // namespace devs
