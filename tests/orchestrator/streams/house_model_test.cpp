#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/orchestrator/streams/model_house.h"
#include "tests/orchestrator/streams/model_oracle.h"
#include "tests/orchestrator/streams/model_reader.h"
#include "tests/support/temp_dir.h"

// A seeded life of the whole house: bus, recorder, segments, retention, hub and real
// sockets, each on its thread, and an oracle that asks none of them.
//
// DEVS_MODEL_RUNS sets how many seeds, DEVS_MODEL_SEED the first.  A seed decides what
// everybody does, not how threads meet: to see a fault again may take several runs.

using namespace devs;

namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr unsigned kRuns = 60;
#else
constexpr unsigned kRuns = 200;
#endif
constexpr std::size_t kMostFaults = 5;  // told before it gives up

// Memory where there is some: the model is about order, not about disks.
std::filesystem::path fast_directory() {
  std::error_code none;
  const std::filesystem::path memory = "/dev/shm";
  return std::filesystem::is_directory(memory, none) ? memory
                                                     : std::filesystem::temp_directory_path();
}

// What all those lives had in them, so that a model that has gone quiet is noticed.
struct Census {
  std::size_t lives = 0, entries = 0, resumed = 0, replays = 0, console = 0, topics = 0;
  std::size_t checkpoints = 0, resets = 0, expired = 0, corrupt = 0, recorder = 0;
  std::size_t stalled = 0, cut = 0, goodbyes = 0, disk = 0;

  void count(const ModelLife& life) {
    const auto in_body = [&life](std::string_view text) {
      std::size_t found = 0;
      for (std::size_t at = life.body.find(text); at != std::string::npos;
           at = life.body.find(text, at + 1))
        ++found;
      return found;
    };
    ++lives;
    entries += in_body("\ndata: {\"type\"") + in_body("\ndata: {\"number\"");
    resumed += life.id ? 1U : 0U;
    replays += life.replay ? 1U : 0U;
    console += life.wish.console ? 1U : 0U;
    topics += life.changes.size();
    checkpoints += in_body("\n\n: heartbeat") == 0 ? 0U : 1U;
    resets += in_body("\nevent: reset\n");
    expired += in_body(R"("reason":"expired")");
    corrupt += in_body(R"("reason":"corrupt")");
    recorder += in_body(R"("reason":"recorder")");
    stalled += in_body(R"("reason":"stalled")");
    cut += life.ended && !life.finished ? 1U : 0U;
    goodbyes += in_body("\nevent: goodbye\n");
  }
};

class ModelRun {
 public:
  ModelRun(std::uint64_t seed, Census& census)
      : dice_(seed), seed_(seed), dir_(fast_directory()), census_(census) {
    options_.dir = dir_.path();
    options_.ring = 8 + dice_.below(30);
    options_.segment_bytes = 1000 + dice_.below(4000);
    options_.keep_entries = 10 + dice_.below(80);
    options_.socket_bytes = 4096 + dice_.below(3) * 8192;
    if (dice_.once_in(2)) options_.on_failure = OnFailure::go_on;
    fat_ = dice_.once_in(3);
  }

  // What went wrong; empty: nothing.
  std::string run() {
    const std::size_t houses = dice_.once_in(6) ? 2 : 1;
    for (std::size_t house = 1; house <= houses && wrong_.empty(); ++house) live_in(house);
    if (wrong_.empty()) look_at_files();
    for (const auto& reader : readers_) {
      note(reader->wrong());
      for (const ModelLife& life : reader->lives()) {
        census_.count(life);
        if (wrong_.empty()) note(judge(life, story_));
      }
    }
    return wrong_;
  }

 private:
  void note(const std::string& wrong) {
    if (wrong_.empty()) wrong_ = wrong;
  }

  void live_in(std::size_t number) {
    ModelHouse house(options_, clock_);
    house_ = &house;
    if (house.flight->last() != story_.last()) return note("a start that lost the end of the log");
    story_.epoch = house.epoch();
    if (readers_.empty())
      for (int n = 0; n < 3; ++n)
        readers_.push_back(std::make_unique<ModelReader>(house, dice_, options_.dir));
    for (const auto& reader : readers_) reader->move_to(house);
    const std::string name = std::to_string(number);
    publishers_.clear();
    publishers_.push_back(
        std::make_unique<ModelPublisher>(house, seed_ * 4 + number, name + "-bus", false, fat_));
    publishers_.push_back(
        std::make_unique<ModelPublisher>(house, seed_ * 8 + number, name + "-http", true, fat_));

    for (std::size_t steps = 30 + dice_.below(40); steps > 0 && wrong_.empty(); --steps) step();
    mend();
    for (const auto& publisher : publishers_) {
      publisher->stop();
      note(publisher->wrong);
      for (auto& [sequence, entry] : publisher->published)
        if (!story_.entries.emplace(sequence, std::move(entry)).second)
          note(std::to_string(sequence) + " was given twice");
    }
    if (!house.flush()) note("not stored in the end");
    if (story_.last() != story_.entries.size() || story_.last() != house.bus.last())
      note("sequences with holes");
    if (wrong_.empty() && !dice_.once_in(4)) settle();
    census_.disk += house.metrics.counter("stream_disk_fetches_total").value();
    house.close();
    for (const auto& reader : readers_) reader->hear_goodbye();
  }

  // The disk is well, and what was lost has an end on it.
  void mend() {
    house_->disk.mend();
    for (const auto& publisher : publishers_) publisher->finish();
    for (const TimePoint deadline = soon();;) {
      publishers_.front()->publish(1);
      publishers_.front()->finish();
      if (house_->flush() && house_->bus.recorder_status().ok()) return;
      if (std::chrono::steady_clock::now() > deadline) return note("the recorder did not heal");
    }
  }

  void step() {
    ModelReader& reader = *dice_.one_of(readers_);
    switch (dice_.below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        dice_.one_of(publishers_)->publish(1 + dice_.below(30));
        break;
      case 4:
        for (const auto& publisher : publishers_) publisher->finish();
        break;
      case 5:
        if (!house_->flush()) note("could not be stored");
        break;
      case 6:
        trouble();
        break;
      case 7:
        house_->pass(std::chrono::seconds(dice_.once_in(3) ? 31 : 16));
        break;
      case 8:
        if (reader.connected()) reader.change_topics();
        break;
      case 9:
        if (reader.connected() && dice_.once_in(2)) reader.die();
        break;
      case 10:
        if (reader.connected() && dice_.once_in(4)) reader.be_thrown_out();
        break;
      default:
        if (!reader.connected()) {
          reader.connect();
        } else {
          reader.read(dice_.once_in(3) ? 1 + dice_.below(500) : 100'000);
        }
    }
    for (const auto& each : readers_) note(each->wrong());
  }

  void trouble() {
    if (dice_.once_in(4)) {
      if (story_.first_refused == 0 && options_.on_failure == OnFailure::go_on)
        story_.first_refused = house_->bus.head() + 1;
      house_->disk.refuse_appends({.count = 1 + dice_.below(4), .torn_bytes = dice_.below(100)});
    } else if (dice_.once_in(8)) {
      damage();
    } else if (!house_->keeper.settle(soon())) {
      note("segments are not kept in order");
    }
  }

  // A byte of a sealed segment is another one.
  void damage() {
    std::vector<std::filesystem::path> sealed;
    for (const auto& each : std::filesystem::directory_iterator(options_.dir / "segments"))
      if (each.path().string().ends_with(".ndjson.zst")) sealed.push_back(each.path());
    if (sealed.empty()) return;
    std::sort(sealed.begin(), sealed.end());
    const std::filesystem::path path = dice_.one_of(sealed);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(0, std::ios::end);
    const auto size = static_cast<std::size_t>(std::max<std::streamoff>(file.tellg(), 0));
    if (!file || size < 20) return;  // retention was faster
    const auto at = static_cast<std::streamoff>(dice_.below(size));
    file.seekg(at);
    const char byte = static_cast<char>(file.get() ^ (1 << dice_.below(8)));
    file.seekp(at);
    file.put(byte);
    // Up to the next one, or to all that was ever published.
    const Sequence base = std::stoull(path.filename().string());
    const auto next = std::next(std::find(sealed.begin(), sealed.end(), path));
    const Sequence last =
        next == sealed.end() ? house_->bus.last() : std::stoull(next->filename().string()) - 1;
    story_.damaged.emplace_back(base, last);
  }

  void settle() {
    const auto left = [this] {
      return std::any_of(readers_.begin(), readers_.end(),
                         [](const auto& reader) { return !reader->at_the_head(); });
    };
    for (const TimePoint deadline = soon(); left();) {
      if (std::chrono::steady_clock::now() > deadline) return note("a reader never got all of it");
      house_->pass(std::chrono::seconds(15));
      for (const auto& reader : readers_) {
        if (!reader->connected()) continue;
        reader->wait();
        reader->read(1U << 20U);
      }
    }
  }

  // What is there in the end, in a house that is closed.
  void look_at_files() {
    CapturedLog lines;
    const auto log = FlightLog::open({.dir = options_.dir, .read_only = true}, lines);
    if (!log.ok()) return note("not opened again: " + log.status().message());
    for (Sequence at = 1; at <= (*log)->last();)
      at =
          (*log)
              ->read(at, {},
                     [this](const StoredLine& line) {
                       story_.kept.insert(line.sequence);
                       const auto entry = story_.entries.find(line.sequence);
                       if (entry == story_.entries.end() || entry->second.body() != line.body)
                         note(std::to_string(line.sequence) + " on disk is not what was published");
                     })
              .next;
    for (Sequence n = expired_through(options_.dir) + 1; n <= story_.last(); ++n) {
      const bool damaged = std::any_of(
          story_.damaged.begin(), story_.damaged.end(),
          [n](const auto& stretch) { return n >= stretch.first && n <= stretch.second; });
      const bool refused = story_.first_refused > 0 && n >= story_.first_refused;
      if (!story_.kept.contains(n) && !damaged && !refused)
        note(std::to_string(n) + " was lost for nothing");
    }
  }
  Dice dice_;
  const std::uint64_t seed_;
  const TempDir dir_;
  ModelHouseOptions options_;
  Census& census_;
  bool fat_ = false;
  FakeClock clock_;
  ModelStory story_;
  std::vector<std::unique_ptr<ModelReader>> readers_;
  std::vector<std::unique_ptr<ModelPublisher>> publishers_;
  ModelHouse* house_ = nullptr;  // while one is open
  std::string wrong_;
};

}  // namespace

TEST_CASE(
    "[SX.1] [T40] model of the whole house: what is delivered and what is declared lost are all "
    "that matches, once, in order") {
  const std::uint64_t first = number_from("DEVS_MODEL_SEED", 1);
  const std::uint64_t runs = number_from("DEVS_MODEL_RUNS", kRuns);
  Census census;
  std::size_t faults = 0;
  for (std::uint64_t seed = first; seed < first + runs && faults < kMostFaults; ++seed) {
    const std::string wrong = ModelRun(seed, census).run();
    CHECK_MESSAGE(wrong.empty(), "seed ", seed, ": ", wrong);
    faults += wrong.empty() ? 0U : 1U;
  }
  MESSAGE(runs, " runs: ", census.lives, " lives, ", census.entries, " entries; resumed ",
          census.resumed, ", replays ", census.replays, ", consoles ", census.console,
          ", topics changed ", census.topics, ", heartbeats ", census.checkpoints, ", resets ",
          census.resets, ", gaps expired ", census.expired, ", corrupt ", census.corrupt,
          ", recorder ", census.recorder, ", stalled ", census.stalled, ", cut ", census.cut,
          ", goodbyes ", census.goodbyes, ", fetches from disk ", census.disk);
  if (runs < 50) return;
  for (const std::size_t each :
       {census.resets, census.expired, census.stalled + census.cut, census.goodbyes, census.disk,
        census.topics, census.replays, census.console})
    CHECK(each > 0);
}
