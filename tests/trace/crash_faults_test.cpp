// Every call to the disk fails once, at its n-th time: nothing acknowledged is lost, the
// recorder goes on by itself or says why not, and the next start finds everything.
//
// DEVS_FAULT_CALLS says up to which n (20 by itself).
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/support/simulated_disk.h"
#include "tests/support/temp_dir.h"
#include "tests/trace/log_ledger.h"
#include "tests/trace/trace_kit.h"
#include "trace/flight_log.h"
#include "trace/flight_recorder.h"
#include "trace/log_check.h"
#include "trace/segment_keeper.h"

namespace devs {
namespace {

constexpr std::uint64_t kSegmentBytes = 700;

struct Refusal {
  DiskCall call;
  std::size_t torn_bytes;
  std::string why;
  Code code = Code::unavailable;
};
const std::vector<Refusal> kRefusals{
    {DiskCall::open_append, 0, "Too many open files (EMFILE)"},
    {DiskCall::open_append, 0, "Read-only file system (EROFS)"},
    {DiskCall::open_read, 0, "Too many open files (EMFILE)"},
    {DiskCall::append, 0, "Read-only file system (EROFS)"},
    {DiskCall::append, 57, "No space left on device (ENOSPC)", Code::resource_exhausted},
    {DiskCall::append, 1, "Input/output error (EIO)"},
    {DiskCall::truncate, 0, "Input/output error (EIO)"},
    {DiskCall::sync, 0, "Input/output error (EIO)"},
    {DiskCall::rename, 0, "Input/output error (EIO)"},
    {DiskCall::rename, 0, "No space left on device (ENOSPC)", Code::resource_exhausted},
    {DiskCall::remove, 0, "Read-only file system (EROFS)"},
    {DiskCall::make_directory, 0, "No space left on device (ENOSPC)", Code::resource_exhausted},
    {DiskCall::sync_directory, 0, "Input/output error (EIO)"},
    {DiskCall::list, 0, "Input/output error (EIO)"},
    {DiskCall::size, 0, "Input/output error (EIO)"},
    {DiskCall::read, 0, "Input/output error (EIO)"},
};

FlightLog::Options options_on(const TempDir& dir, SimulatedDisk& disk) {
  FlightLog::Options options;
  options.dir = dir.path();
  options.segment_bytes = kSegmentBytes;
  options.files = &disk;
  return options;
}

// A log with a past: a sealed segment, an active file, and a torn tail.
DiskHistory disk_with_a_past(const TempDir& dir, LogLedger& ledger) {
  SimulatedDisk disk({{{}, {dir.path().string()}}, {}});
  MemoryLog lines;
  Metrics metrics;
  {
    auto log = FlightLog::open(options_on(dir, disk), lines);
    REQUIRE(log.ok());
    const auto append = [&log, &ledger] {
      std::vector<EntryPtr> batch;
      for (int i = 0; i < 5; ++i) {
        ledger.give(body_of(std::to_string(ledger.given() + 1)));
        batch.push_back(entry_of(ledger.given(), ledger.body(ledger.given())));
      }
      return (*log)->append(batch, {});
    };
    auto pins = Pins::open(disk, dir / "pins.json", {});
    REQUIRE(pins.ok());
    REQUIRE(append().ok());
    REQUIRE((*log)->roll().ok());
    SegmentKeeper keeper(**log, **pins, system_clock(), lines, metrics, {});
    REQUIRE(keeper.settle(soon()));
    REQUIRE(append().ok());
  }
  ledger.promise(ledger.given());
  auto file = disk.open_append(dir / "trace.log");
  const std::string_view torn = R"({"word":"tor)";
  REQUIRE((*file)->append({&torn, 1}).ok());
  return {disk.image(), {}};
}

// One run with one fault.  What went wrong, or nothing.
std::string fault_of_run(const TempDir& dir, const DiskHistory& begin, LogLedger ledger,
                         const Refusal& refusal, std::size_t nth, std::size_t in_a_row,
                         Durability durability, bool& fired) {
  const Sequence past = ledger.given();
  SimulatedDisk disk(begin);
  MemoryLog lines;
  Metrics metrics;
  disk.refuse({.call = refusal.call,
               .good = nth - 1,
               .count = in_a_row,
               .torn_bytes = refusal.torn_bytes,
               .why = refusal.why,
               .code = refusal.code});
  {
    auto log = FlightLog::open(options_on(dir, disk), lines);
    for (std::size_t tries = 0; !log.ok(); ++tries) {
      if (!contains(log.status().message(), refusal.why))
        return "open says: " + log.status().message();
      if (tries == in_a_row) return "open does not heal: " + log.status().message();
      log = FlightLog::open(options_on(dir, disk), lines);
    }
    auto pins = Pins::open(disk, dir / "pins.json", {});
    for (std::size_t tries = 0; !pins.ok() && tries < in_a_row; ++tries)
      pins = Pins::open(disk, dir / "pins.json", {});
    if (!pins.ok()) return "pins do not heal: " + pins.status().message();
    TraceStreamBus bus({.last = (*log)->last()}, system_clock());
    SegmentKeeper keeper(**log, **pins, system_clock(), lines, metrics,
                         {.retention = {}, .look_every = std::chrono::milliseconds(1)});
    FlightRecorder recorder(bus, **log, nullptr, lines, metrics,
                            {.durability = durability, .retry = std::chrono::milliseconds(1)});
    for (std::size_t burst = 0; burst < 12 + nth / 2; ++burst) {
      for (int i = 0; i < 3; ++i) {
        const std::string word = std::to_string(bus.last() + 1);
        Status refused;
        const bool healed = eventually([&] {
          auto published = bus.publish(host_draft(word));
          if (!published.ok()) refused = published.status();
          return published.ok();
        });
        if (!healed) return "publishing does not heal: " + refused.message();
        if (!refused.ok() && !contains(refused.message(), refusal.why))
          return "publish says: " + refused.message();
        ledger.give(body_of(word));
      }
      Status flushed;
      if (!eventually([&] { return (flushed = recorder.flush(soon())).ok(); }))
        return "the recorder does not heal: " + flushed.message();
      ledger.promise(bus.head());
    }
    if (Status now = bus.recorder_status(); !now.ok()) return "it stays failed: " + now.message();
    Random random(nth);
    bus.close();
    recorder.stop();
    if (!keeper.settle(soon())) return "the keeper does not settle";
    keeper.stop();
    fired = disk.refused() > 0;
    disk.mend();
    if (refusal.code == Code::resource_exhausted) ledger.may_expire(past);  // room was made
    if (std::string fault = ledger.fault_of(**log, random); !fault.empty())
      return "before a restart: " + fault;
  }
  auto again = FlightLog::open(options_on(dir, disk), lines);
  if (!again.ok()) return "it does not open again: " + again.status().message();
  Random random(nth);
  if (std::string fault = ledger.fault_of(**again, random); !fault.empty())
    return "after a restart: " + fault;
  if (ledger.losses() > 0) return "entries were lost";
  again->reset();
  const auto checked = check_log(disk, dir.path(), {});
  if (!checked.ok()) return "it cannot be checked: " + checked.status().message();
  if (!checked->faults.empty())
    return fmt::format("verify complains of {}: {}", checked->faults.front().file,
                       checked->faults.front().what);
  return {};
}

TEST_CASE(
    "[T19] FlightRecorder: the disk refuses its n-th call, and nothing acknowledged is lost") {
  const char* const asked = std::getenv("DEVS_FAULT_CALLS");
  const std::size_t most = asked != nullptr ? std::strtoul(asked, nullptr, 10) : 20;
  const TempDir dir;  // only its lock is real
  LogLedger ledger;
  const DiskHistory begin = disk_with_a_past(dir, ledger);
  std::size_t runs = 0;
  for (const Refusal& refusal : kRefusals) {
    bool fired = true;
    for (std::size_t nth = 1; nth <= most && fired; ++nth) {
      for (const std::size_t in_a_row : {std::size_t{1}, std::size_t{3}}) {
        const auto durability = nth % 2 == 0 ? Durability::written : Durability::synced;
        const std::string fault =
            fault_of_run(dir, begin, ledger, refusal, nth, in_a_row, durability, fired);
        ++runs;
        CHECK_MESSAGE(fault.empty(), name_of(refusal.call), " number ", nth, ", ", in_a_row,
                      " in a row, ", refusal.why, ": ", fault);
      }
    }
  }
  MESSAGE(runs, " runs with a fault in each");
}

}  // namespace
}  // namespace devs
