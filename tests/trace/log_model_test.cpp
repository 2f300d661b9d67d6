// Random work on one log, and damage to it, against a model of what it was given.
//
// DEVS_MODEL_RUNS says how many runs (hundreds by themselves), DEVS_MODEL_SEED the first.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/dice.h"
#include "tests/support/fake_clock.h"
#include "tests/support/simulated_disk.h"
#include "tests/support/temp_dir.h"
#include "tests/trace/log_ledger.h"
#include "tests/trace/trace_kit.h"
#include "trace/crc32c.h"
#include "trace/flight_log.h"
#include "trace/segment_keeper.h"

namespace devs {
namespace {

constexpr std::uint64_t kSegmentBytes = 2000;
constexpr std::size_t kSteps = 60;
constexpr std::size_t kMostFaults = 10;  // told before it gives up

// The only line that sequence may ever be.
std::string line_of(Sequence sequence) {
  const std::uint32_t sum = crc32c(std::to_string(sequence));
  return fmt::format(R"({{"n":{},"pad":"{}","sum":{}}})", sequence,
                     std::string(sum % 16 == 0 ? sum % 1200 : sum % 60, 'x'), sum);
}
std::string topics_of_line(Sequence sequence) {
  return sequence % 3 == 0 ? "owner:u" + std::to_string(sequence % 5) : "";
}

class ModelRun {
 public:
  ModelRun(const TempDir& dir, std::uint64_t seed)
      : dir_(dir.path()), random_(seed), disk_({{{}, {dir_.string()}}, {}}) {}

  // The first fault, and where; or nothing.
  std::string run() {
    std::string fault = open();
    for (; fault.empty() && step_ < kSteps; ++step_) {
      clock_.advance(std::chrono::seconds(1 + random_() % 3));
      fault = one_step();
      if (!fault.empty()) fault = fmt::format("step {} ({}): {}", step_, doing_, fault);
    }
    doing_ = "the end";
    if (fault.empty()) fault = reopen();
    if (fault.empty()) return {};
    return fmt::format("{}{}", fault, told_);
  }
  std::size_t losses() const { return ledger_.losses(); }

 private:
  std::string one_step() {
    switch (random_() % 20) {
      case 0:
        doing_ = "roll";
        return roll();
      case 1:
      case 2:
        doing_ = "seal and drop";
        return settle();
      case 3:
        doing_ = "reopen";
        return reopen();
      case 4:
        doing_ = "damage";
        return damage();
      case 5:
        doing_ = "skip";
        return skip();
      case 6:
      case 7:
      case 8:
      case 9:
        doing_ = "read anywhere";
        return read_anywhere();
      case 10:
        doing_ = "read all";
        return ledger_.fault_of(*log_, random_);
      default:
        doing_ = "append";
        return append();
    }
  }

  std::string open() {
    FlightLog::Options options;
    options.dir = dir_;
    options.segment_bytes = kSegmentBytes;
    options.files = &disk_;
    options.clock = &clock_;
    options.set_aside = 4;
    auto opened = FlightLog::open(options, lines_);
    if (!opened.ok()) return opened.status().message();
    log_ = std::move(*opened);
    if (epoch_.empty()) epoch_ = log_->epoch();
    if (log_->epoch() != epoch_ && log_->last() > 0) return "the epoch changed";
    epoch_ = log_->epoch();
    ledger_.forget_unstored(log_->last());
    if (log_->last() > ledger_.given()) ledger_.skip(log_->last() - ledger_.given());
    // Somebody else reads all the time, and may find losses but nothing wrong.
    reader_ = std::jthread([this, log = log_.get(), seed = random_()](const std::stop_token& stop) {
      Random random(seed);
      while (!stop.stop_requested() && wrong_.empty()) read_beside(*log, random);
    });
    return {};
  }
  std::string reopen() {
    told_ += fmt::format("; step {} reopened", step_);
    reader_ = {};
    if (!wrong_.empty()) return wrong_;
    log_.reset();
    if (std::string fault = open(); !fault.empty()) return fault;
    return ledger_.fault_of(*log_, random_);
  }

  std::string append() {
    std::vector<EntryPtr> batch;
    for (std::size_t count = 1 + random_() % 10; count > 0; --count) {
      auto entry = std::make_shared<Entry>();
      entry->sequence = ledger_.given() + 1;
      entry->body = line_of(entry->sequence);
      entry->topics = topics_of_line(entry->sequence);
      ledger_.give(entry->body, entry->topics);
      batch.push_back(std::move(entry));
    }
    if (Status took = log_->append(batch, {}); !took.ok()) return took.message();
    ledger_.promise(log_->last());
    return {};
  }
  std::string skip() {
    ledger_.skip(1 + random_() % 4);
    if (random_() % 2 == 0) return {};
    if (Status aside = log_->reserve(ledger_.given()); !aside.ok()) return aside.message();
    return log_->skip(ledger_.given()).message();  // told at once
  }
  std::string roll() {
    const Status rolled = log_->roll();
    return rolled.ok() ? std::string() : rolled.message();
  }
  std::string settle() {
    Metrics metrics;
    const std::uint64_t keep = random_() % 2 == 0 ? 40 + random_() % 100 : 0;
    if (keep > 0) ledger_.may_expire(log_->last());
    auto pins = Pins::open(disk_, dir_ / "pins.json", {});
    if (!pins.ok()) return pins.status().message();
    SegmentKeeper keeper(
        *log_, **pins, clock_, lines_, metrics,
        {.retention = {.bytes = 0, .entries = keep}, .look_every = std::chrono::hours(1)});
    return keeper.settle(soon()) ? "" : "the keeper does not settle";
  }
  std::string read_anywhere() {
    Sequence next = 0;
    return ledger_.fault_of_read(*log_, 1 + random_() % (log_->last() + 3),
                                 {1 + random_() % 30, 1 + random_() % 4000}, next);
  }
  void read_beside(const FlightLog& log, Random& random) {
    Sequence next = 1 + random() % (log.last() + 1);
    static_cast<void>(log.read(next, {1 + random() % 20, 4000}, [&](const StoredLine& line) {
      if (wrong_.empty() && (line.sequence != next || line.body != line_of(next)))
        wrong_ = fmt::format("beside: entry {} reads {}", line.sequence, line.body);
      ++next;
    }));
  }

  // One byte of one file of the log becomes another.
  std::string damage() {
    const DiskImage image = disk_.image();
    std::vector<std::string> files;
    for (const auto& [path, bytes] : image.files)
      if (!bytes.empty() && may_damage(path)) files.push_back(path);
    if (files.empty()) return {};
    const std::string& path = files[random_() % files.size()];
    const std::string& bytes = image.files.at(path);
    const std::size_t at = random_() % bytes.size();
    const char byte = static_cast<char>(bytes[at] ^ static_cast<char>(1 + random_() % 255));
    note_damage(path, bytes, at);
    disk_.write_behind(path, at, byte);
    told_ += fmt::format("; step {} changed {} at {} of {}", step_,
                         path.substr(dir_.string().size() + 1), at, bytes.size());
    return {};
  }
  // A plain file and its sidecar make good what the other has lost, but not if both did,
  // nor for a sidecar without its header and its records.
  bool may_damage(const std::filesystem::path& file) const {
    const bool top =
        file.parent_path() == dir_ && file.stem() == "trace" && file.extension() != ".meta";
    if (!top && file.parent_path() != dir_ / "segments") return false;
    const Sequence from = extent_of(file).first;
    if (index_damaged_.contains(from)) return false;
    return file.extension() != ".idx" || !lines_damaged_.contains(from);
  }
  static bool is_plain(const std::filesystem::path& file) {
    return file.extension() == ".log" || file.extension() == ".ndjson";
  }
  void note_damage(const std::filesystem::path& file, const std::string& bytes, std::size_t at) {
    const auto [from, through] = extent_of(file);
    if (file.extension() == ".zst" || file.extension() == ".json")
      return ledger_.may_be_damaged(from, through);
    (is_plain(file) ? lines_damaged_ : index_damaged_).insert(from);
    ledger_.topics_may_go(from, through);
    if (!is_plain(file)) {  // it alone says why those before it are missing
      for (Sequence each = from; each <= through; ++each)
        if (ledger_.skipped(each)) ledger_.may_be_damaged(each, each);
      return;
    }
    // The line that holds the byte, and the next when it is the line end between them.
    Sequence number = from - 1, unsure = 0;
    for (std::size_t begin = 0; begin <= at && begin < bytes.size(); ++number) {
      if (std::sscanf(bytes.c_str() + begin, R"({"n":%lu,)", &number) == 1)
        --number;
      else
        unsure = 2;
      begin = std::min(bytes.find('\n', begin), bytes.size() - 1) + 1;
    }
    ledger_.may_be_damaged(number - std::min(number, unsure), number + 1 + unsure);
  }
  // The sequences a file of the log is about, and those missing before it: it says why.
  std::pair<Sequence, Sequence> extent_of(const std::filesystem::path& file) const {
    const auto segments = log_->segments().list();
    const Sequence base = std::strtoull(file.filename().c_str(), nullptr, 10);
    Sequence before = 0;
    for (const SegmentPtr& each : *segments) {
      if (each->info().base == base) return {before + 1, each->info().last()};
      if (base == 0 || each->info().base < base) before = each->info().last();
    }
    return {before + 1, base == 0 ? ledger_.given() : base};
  }

  const std::filesystem::path dir_;
  Random random_;
  SimulatedDisk disk_;
  FakeClock clock_;
  MemoryLog lines_;
  LogLedger ledger_;
  std::set<Sequence> lines_damaged_, index_damaged_;  // by base
  Epoch epoch_;
  std::size_t step_ = 0;
  std::string doing_, told_;
  std::unique_ptr<FlightLog> log_;
  std::string wrong_;    // found by the reader; looked at when it has ended
  std::jthread reader_;  // last member: ends before the rest dies
};

TEST_CASE(
    "[T20] FlightLog: lines and declared losses are every sequence, once, in order, whatever "
    "happens") {
  const std::uint64_t first = number_from("DEVS_MODEL_SEED", 1);
  const std::uint64_t runs = number_from("DEVS_MODEL_RUNS", 300);
  std::size_t with_losses = 0, faults = 0;
  for (std::uint64_t seed = first; seed < first + runs && faults < kMostFaults; ++seed) {
    const TempDir dir;  // only its lock is real
    ModelRun run(dir, seed);
    const std::string fault = run.run();
    CHECK_MESSAGE(fault.empty(), "seed ", seed, ", ", fault);
    faults += fault.empty() ? 0u : 1u;
    with_losses += run.losses() > 0 ? 1u : 0u;
  }
  MESSAGE(runs, " runs, ", with_losses, " ended with damage declared");
  CHECK(with_losses > runs / 20);
}

}  // namespace
}  // namespace devs
