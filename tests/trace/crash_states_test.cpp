// Every disk that a crash can leave behind is opened, judged, and lived on.
//
// What the log promises, and what is checked in each state:
//
//   killed                 everything append() took is there, whole, in order, with its
//                          topics; an entry it was in the middle of is whole or absent.
//   power cut, synced      the same for everything sync() answered ok for.
//   power cut, written     the same for everything that was sealed, or synced by the way.
//                          What came later may be missing, in the middle too (the disk
//                          writes in its own order), but it is declared, and never wrong.
//   always                 it opens; the epoch stays while there is an entry; nothing
//                          that was found and shown after a crash is lost by the next
//                          one; `trace verify` has no complaint where nothing was lost.
//
// DEVS_CRASH_STATES says how many states (hundreds by themselves), DEVS_CRASH_SEED
// which ones.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "tests/support/dice.h"
#include "tests/support/fake_clock.h"
#include "tests/support/simulated_disk.h"
#include "tests/support/temp_dir.h"
#include "tests/trace/log_ledger.h"
#include "tests/trace/trace_kit.h"
#include "trace/flight_log.h"
#include "trace/log_check.h"
#include "trace/segment_keeper.h"

namespace devs {
namespace {

constexpr std::uint64_t kSegmentBytes = 1500;  // a dozen entries, several sectors
constexpr std::size_t kGenerations = 4;        // lives of one disk
constexpr std::size_t kStatesPerLife = 12;
constexpr std::size_t kMostFaults = 10;  // told before it gives up

enum class Crash { kill, power };

// What was promised once so many operations had been done to the disk.
struct Promise {
  std::size_t operations = 0;
  Sequence shown = 0;  // survives a kill
  Sequence safe = 0;   // survives a power cut
  Sequence may_expire = 0;
};

// One process on one disk, from open to the crash.
class Life {
 public:
  Life(std::filesystem::path dir, DiskHistory history, LogLedger ledger, Promise before,
       Durability durability, Random& random)
      : dir_(std::move(dir)),
        disk_(std::move(history)),
        ledger_(std::move(ledger)),
        before_(before),
        now_(before),
        durability_(durability),
        random_(random) {}

  // Opens and judges what is there.  The first fault, or nothing.
  std::string begin() {
    auto opened = FlightLog::open(options(), lines_);
    if (!opened.ok()) return "it does not open: " + opened.status().message();
    log_ = std::move(*opened);
    if (std::string fault = ledger_.fault_of(*log_, random_); !fault.empty()) return fault;
    ledger_.adopt(*log_);
    return {};
  }
  // Looks at it through the eyes of `trace verify`.  Bytes of unfinished lines may lie
  // in what was rolled away and not synced, until it is sealed.
  std::string verify(bool may_have_torn_segments) {
    const bool whole = ledger_.losses() == 0;
    if (may_have_torn_segments) {
      auto pins = Pins::open(disk_, dir_ / "pins.json", {});
      if (!pins.ok()) return pins.status().message();
      SegmentKeeper keeper(*log_, **pins, clock_, lines_, metrics_, {});
      if (!keeper.settle(soon())) return "the keeper does not settle";
    }
    end();
    const auto checked = check_log(disk_, dir_, {});
    if (!checked.ok()) return "it cannot be checked: " + checked.status().message();
    if (whole && !checked->faults.empty())
      return fmt::format("verify complains of {} at {}: {}", checked->faults.front().file,
                         checked->faults.front().offset, checked->faults.front().what);
    return {};
  }

  // Works on it, remembering what is promised when.
  std::string work(std::size_t steps, std::uint64_t keep_entries) {
    // In synced mode nothing is shown before it is safe, what was found least of all.
    if (durability_ == Durability::synced || random_() % 2 == 0)
      if (std::string fault = sync(); !fault.empty()) return fault;
    shown(log_->last());
    auto pins = Pins::open(disk_, dir_ / "pins.json", {.on_error = true, .before = 2, .after = 2});
    if (!pins.ok()) return pins.status().message();
    SegmentKeeper keeper(
        *log_, **pins, clock_, lines_, metrics_,
        {.retention = {.bytes = 0, .entries = keep_entries}, .look_every = std::chrono::hours(1)});
    if (std::string fault = settle(keeper, keep_entries); !fault.empty()) return fault;
    for (; steps > 0; --steps) {
      clock_.advance(std::chrono::seconds(1));
      std::string fault;
      switch (random_() % 10) {
        case 0:
          fault = roll();
          break;
        case 1:
          fault = settle(keeper, keep_entries);
          break;
        case 2:
          fault = sync();
          break;
        case 3:
          if (keep_entries > 0) make_room(**pins);
          break;
        case 4:
          if (log_->last() > 0) (*pins)->see(1 + random_() % log_->last(), error());
          break;
        case 5:
          ledger_.skip(random_() % 3);
          fault = append();
          break;
        default:
          fault = append();
      }
      if (!fault.empty()) return fault;
    }
    return {};
  }

  void end() { log_.reset(); }

  DiskHistory history() const { return disk_.history(); }
  const LogLedger& ledger() const { return ledger_; }
  const Epoch& epoch() const { return log_->epoch(); }
  Sequence last() const { return log_->last(); }
  // The promises that stood when operation number `begun` was in flight.
  Promise promised(std::size_t begun) const {
    Promise standing = before_;
    for (const Promise& each : promises_)
      if (each.operations < begun) standing = each;
    return standing;
  }

 private:
  FlightLog::Options options() {
    FlightLog::Options options;
    options.dir = dir_;
    options.segment_bytes = kSegmentBytes;
    options.files = &disk_;
    options.clock = &clock_;
    return options;
  }
  void remember() {
    now_.operations = disk_.operations();
    promises_.push_back(now_);
  }
  void shown(Sequence through) {
    now_.shown = through;
    remember();
  }
  void safe(Sequence through) {
    now_.safe = std::max(now_.safe, through);
    remember();
  }

  std::string append() {
    std::vector<EntryPtr> batch;
    for (std::size_t count = 1 + random_() % 8; count > 0; --count) {
      const std::size_t length = random_() % 8 == 0 ? random_() % 1500 : random_() % 90;
      ledger_.give(body_of(fmt::format("{}.{:016x}{}", ledger_.given() + 1, random_(),
                                       std::string(length, 'x'))),
                   random_() % 3 == 0 ? "owner:u1" : "");
      auto entry = std::make_shared<Entry>();
      entry->sequence = ledger_.given();
      entry->body = ledger_.body(entry->sequence);
      entry->topics = ledger_.topics(entry->sequence);
      batch.push_back(std::move(entry));
    }
    if (Status took = log_->append(batch, {}, durability_); !took.ok()) return took.message();
    if (durability_ == Durability::synced) now_.safe = log_->last();
    shown(log_->last());
    return {};
  }
  std::string sync() {
    if (Status synced = log_->sync(); !synced.ok()) return synced.message();
    safe(log_->last());
    return {};
  }
  void make_room(const Pins& pins) {
    now_.may_expire = log_->last();
    remember();
    static_cast<void>(log_->free_room(&pins));
  }
  static EnvelopeFacts error() {
    EnvelopeFacts facts;
    facts.type = "observation";
    facts.status = "TOOL_ERROR";
    return facts;
  }
  std::string roll() {
    const Status rolled = log_->roll();
    return rolled.ok() ? std::string() : rolled.message();
  }
  std::string settle(SegmentKeeper& keeper, std::uint64_t keep_entries) {
    if (keep_entries > 0) {
      now_.may_expire = log_->last();
      remember();
    }
    keeper.wake();
    if (!keeper.settle(soon())) return "the keeper does not settle";
    const auto segments = log_->segments().list();
    Sequence sealed = 0;
    for (const SegmentPtr& each : *segments) {
      if (!each->sealed()) return fmt::format("segment {} is not sealed", each->info().base);
      sealed = each->info().last();
    }
    safe(sealed);
    return {};
  }

  const std::filesystem::path dir_;
  SimulatedDisk disk_;
  FakeClock clock_;
  MemoryLog lines_;
  Metrics metrics_;
  std::unique_ptr<FlightLog> log_;
  LogLedger ledger_;
  const Promise before_;
  Promise now_;
  std::vector<Promise> promises_;
  const Durability durability_;
  Random& random_;
};

// A disk after a crash, and what it owes.
struct State {
  DiskHistory disk;
  LogLedger ledger;
  Promise promise;
};

State crash(const Life& life, std::size_t begun, Crash how, Random& random) {
  State state{life.history(), life.ledger(), life.promised(begun)};
  state.promise.operations = 0;
  state.ledger.may_expire(state.promise.may_expire);
  if (how == Crash::kill) {
    state.disk = after_kill(state.disk, begun, random);
    state.ledger.promise(state.promise.shown);
  } else {
    state.disk = {after_power_cut(state.disk, begun, random), {}};
    state.ledger.power_failed(state.promise.safe);
    state.ledger.promise(state.promise.safe);
    state.promise.shown = state.promise.safe;
  }
  return state;
}

struct Tally {
  std::size_t states = 0, killed = 0, cut = 0, with_losses = 0;
};

// One disk through several lives; each life is crashed in many ways, and goes on from
// the last of them.
std::string fault_of_seed(const TempDir& dir, std::uint64_t seed, Tally& tally) {
  Random random(seed);
  const auto durability = random() % 2 == 0 ? Durability::synced : Durability::written;
  const std::uint64_t keep_entries = random() % 3 == 0 ? 30 : 0;
  State state{{{{}, {dir.path().string()}}, {}}, {}, {}};
  Epoch epoch;
  bool torn_segments = false;
  for (std::size_t generation = 0; generation < kGenerations; ++generation) {
    Life life(dir.path(), state.disk, state.ledger, state.promise, durability, random);
    if (std::string fault = life.begin(); !fault.empty()) return fault;
    if (life.last() > 0 && life.epoch() != epoch) return "the epoch changed";
    epoch = life.epoch();
    if (std::string fault = life.work(10, keep_entries); !fault.empty()) return fault;

    life.end();

    const std::size_t operations = life.history().operations.size();
    const std::size_t before = state.disk.operations.size();
    for (std::size_t i = 0; i < kStatesPerLife; ++i) {
      const std::size_t begun = before + 1 + random() % (operations - before + 1);
      const auto how = random() % 3 == 0 ? Crash::kill : Crash::power;
      state = crash(life, begun, how, random);
      ++tally.states;
      ++(how == Crash::kill ? tally.killed : tally.cut);
      const std::string where =
          fmt::format("generation {}, {} {} of {} operations, {}", generation,
                      how == Crash::kill ? "killed after" : "power cut after", begun, operations,
                      durability == Durability::synced ? "synced" : "written");
      Life after(dir.path(), state.disk, state.ledger, state.promise, durability, random);
      if (std::string fault = after.begin(); !fault.empty()) return where + ": " + fault;
      if (after.last() > 0 && after.epoch() != epoch) return where + ": the epoch changed";
      tally.with_losses += after.ledger().losses() > 0 ? 1u : 0u;
      if (i % 4 == 0)
        if (std::string fault = after.work(3, keep_entries); !fault.empty())
          return where + ", going on: " + fault;
      torn_segments |= how == Crash::power && durability == Durability::written;
      if (std::string fault = after.verify(torn_segments); !fault.empty())
        return where + ": " + fault;
    }
  }
  return {};
}

TEST_CASE(
    "[T17] FlightLog: whatever a crash leaves is opened, nothing promised is lost, and life goes "
    "on") {
  const std::size_t wanted = number_from("DEVS_CRASH_STATES", 500);
  const TempDir dir;  // only its lock is real
  Tally tally;
  std::size_t faults = 0;
  for (std::uint64_t seed = number_from("DEVS_CRASH_SEED", 1);
       tally.states < wanted && faults < kMostFaults; ++seed) {
    const std::string fault = fault_of_seed(dir, seed, tally);
    CHECK_MESSAGE(fault.empty(), "seed ", seed, ": ", fault);
    faults += fault.empty() ? 0u : 1u;
  }
  MESSAGE(tally.states, " states: ", tally.killed, " kills, ", tally.cut, " power cuts, ",
          tally.with_losses, " with declared losses");
  CHECK(tally.killed > wanted / 6);
}

}  // namespace
}  // namespace devs
