// What the recorder stores: as fast as it can (`written`), shared commits (`synced`), or
// how soon a line is in the file (`visible`), each beside the same bytes written by a bare
// loop.  Reads everything back and compares it.  Prints one line of JSON.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/net/reactor.h"
#include "orchestrator/net/stored_waiters.h"
#include "tools/bench/flags.h"
#include "tools/bench/latency.h"
#include "tools/bench/payload_book.h"
#include "tools/bench/process_usage.h"
#include "tools/bench/recording.h"
#include "trace/clock.h"
#include "trace/entry.h"

namespace devs {
namespace {

constexpr Nanos kLead = kSecond / 5;
constexpr Nanos kTailPause = kSecond / 4000;  // between two looks at a file that grows
constexpr Nanos kTailPatience = 5 * kSecond;
constexpr std::size_t kPacedPerSecond = 1000;  // publishes come in this many slices
constexpr std::size_t kBlockBytes = 64 * 1024;

struct Run {
  std::string mode;
  std::filesystem::path dir;
  std::size_t publishers = 1, bytes = 200, count = 0;
  double rate = 0;
};

struct Outcome {
  double seconds = 0, cpu = 0;
  std::uint64_t stored = 0, batches = 0, waits = 0, wrong = 0;
  double floor_per_s = 0, floor_mb_s = 0;  // one call per entry; in blocks
  Latency visible;
};

double seconds_since(Nanos begin) {
  return static_cast<double>(now() - begin) / 1e9;
}

Draft draft_at(const PayloadBook& book, std::size_t number) {
  return draft_of_published(std::string(book.at(number)));
}

// --- the floor: the same bytes, nothing else ---

struct FloorFile {
  explicit FloorFile(const std::filesystem::path& dir)
      : path(dir / "floor"),
        fd(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {}
  ~FloorFile() {
    close(fd);
    std::filesystem::remove(path);
  }
  const std::filesystem::path path;
  const int fd;
};

double entries_per_second(const Run& run, const PayloadBook& book, bool synced) {
  const FloorFile file(run.dir);
  // A commit is shared by all publishers that wait for it.
  const std::size_t step = synced ? run.publishers : 1;
  const Nanos begin = now();
  std::size_t at = 0;
  for (; at + step <= book.size() && seconds_since(begin) < 1; at += step) {
    if (write(file.fd, book.at(at).data(), step * book.bytes()) < 0) return 0;
    if (synced && fdatasync(file.fd) != 0) return 0;
  }
  return static_cast<double>(at) / seconds_since(begin);
}

double megabytes_per_second(const Run& run, const PayloadBook& book) {
  const FloorFile file(run.dir);
  const std::size_t step = kBlockBytes / book.bytes();
  const Nanos begin = now();
  std::size_t at = 0;
  for (; at + step <= book.size(); at += step)
    if (write(file.fd, book.at(at).data(), step * book.bytes()) < 0) return 0;
  return static_cast<double>(at * book.bytes()) / seconds_since(begin) / 1e6;
}

// --- as fast as it can ---

void publish_share(Recording& recording, const PayloadBook& book, std::size_t first,
                   std::size_t step, std::atomic<std::uint64_t>& waits) {
  std::size_t waited = 0;
  for (std::size_t number = first; number < book.size(); number += step)
    if (!recording.publish(draft_at(book, number), waited).ok()) break;
  waits += waited;
}

Status run_written(const Run& run, Recording& recording, const PayloadBook& book,
                   Outcome& outcome) {
  std::atomic<std::uint64_t> waits{0};
  {
    std::vector<std::jthread> publishers;
    for (std::size_t at = 0; at < run.publishers; ++at)
      publishers.emplace_back(
          [&, at] { publish_share(recording, book, at, run.publishers, waits); });
  }
  outcome.waits = waits;
  return recording.close();
}

// --- each publisher waits until its entry is stored, as the server's do ---

Status run_synced(const Run& run, Recording& recording, const PayloadBook& book, Outcome& outcome) {
  Reactor reactor(system_clock(), recording.metrics());
  StoredWaiters waiters(recording.bus(), reactor);
  std::size_t next = 0, done = 0, waited = 0;
  Status broken;
  std::function<void()> publish = [&] {
    if (next == book.size()) return;
    const Result<Sequence> given = recording.publish(draft_at(book, next++), waited);
    if (!given.ok()) {
      broken = given.status();
      return reactor.stop();
    }
    waiters.when_stored(*given, [&](const Status& stored) {
      if (!stored.ok()) broken = stored;
      if (++done == book.size() || !stored.ok()) return reactor.stop();
      publish();
    });
  };
  reactor.post([&] {
    for (std::size_t at = 0; at < run.publishers; ++at) publish();
  });
  reactor.run();
  outcome.waits = waited;
  const Status closed = recording.close();
  return broken.ok() ? closed : broken;
}

// --- how soon it can be read ---

// What `tail -F` does: the bytes that are new, then a short pause.
void watch(const std::filesystem::path& path, const PayloadBook& book, Latency& visible,
           std::uint64_t& wrong) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::vector<char> bytes(1 << 20);
  std::size_t kept = 0, next = 0;
  for (Nanos quiet_since = now(); next < book.size() && now() - quiet_since < kTailPatience;) {
    const ssize_t got = read(fd, bytes.data() + kept, bytes.size() - kept);
    if (got <= 0) {
      wait_until(now() + kTailPause);
      continue;
    }
    const Nanos seen = quiet_since = now();
    std::string_view text(bytes.data(), kept + static_cast<std::size_t>(got));
    for (; text.size() > book.bytes(); text.remove_prefix(book.bytes() + 1), ++next) {
      if (next >= book.size() || text.substr(0, book.bytes()) != book.at(next)) ++wrong;
      visible.add(seen - book.due(std::min(next, book.size() - 1)));
    }
    kept = text.size();
    std::copy(text.begin(), text.end(), bytes.begin());
  }
  wrong += book.size() - next;
  close(fd);
}

Status run_visible(const Run& run, Recording& recording, const PayloadBook& book,
                   Outcome& outcome) {
  std::jthread watcher([&] { watch(run.dir / "trace.log", book, outcome.visible, outcome.wrong); });
  std::size_t waited = 0;
  for (std::size_t number = 0; number < book.size(); ++number) {
    wait_until(book.due(number));
    if (const auto given = recording.publish(draft_at(book, number), waited); !given.ok())
      return given.status();
  }
  watcher.join();
  outcome.waits = waited;
  return recording.close();
}

// --- what is there afterwards ---

// Every payload once, whole, ascending per publisher, sequences dense.
std::uint64_t wrong_in(const FlightLog& log, const PayloadBook& book, std::size_t publishers) {
  std::uint64_t wrong = 0;
  std::vector<bool> seen(book.size());
  std::vector<std::size_t> last(publishers, 0);
  Sequence next = 1;
  while (next <= log.last()) {
    const ReadOutcome read = log.read(next, {}, [&](const StoredLine& line) {
      const std::size_t number =
          line.body.size() == book.bytes() ? book.number_in(line.body) : book.size();
      if (line.sequence != next++ || number == book.size() || book.at(number) != line.body ||
          seen[number]) {
        ++wrong;
        return;
      }
      std::size_t& before = last[number % publishers];
      if (publishers > 0 && number + 1 <= before) ++wrong;
      before = number + 1;
      seen[number] = true;
    });
    if (read.loss) wrong += read.loss->through - read.loss->from + 1;
    next = std::max(next, read.next);
  }
  return wrong + (book.size() - std::min<std::size_t>(book.size(), next - 1));
}

Status measure(const Run& run, Outcome& outcome) {
  std::filesystem::create_directories(run.dir);
  const bool paced = run.mode == "visible";
  const PayloadBook book(
      {.count = run.count,
       .bytes = run.bytes,
       .per_second = paced ? run.rate : 1e9,
       .begin = now() + (paced ? kLead : 0),
       .burst = paced ? static_cast<std::size_t>(run.rate) / kPacedPerSecond : 1});
  auto recording = Recording::open(
      {.dir = run.dir,
       .durability = run.mode == "synced" ? Durability::synced : Durability::written});
  if (!recording.ok()) return recording.status();
  const Nanos begin = paced ? book.due(0) : now();
  const double cpu = own_cpu_seconds();
  const Status ran = run.mode == "synced" ? run_synced(run, **recording, book, outcome)
                     : paced              ? run_visible(run, **recording, book, outcome)
                                          : run_written(run, **recording, book, outcome);
  if (!ran.ok()) return ran;
  outcome.seconds = seconds_since(begin);
  outcome.cpu = own_cpu_seconds() - cpu;
  Metrics& metrics = (*recording)->metrics();
  outcome.stored = metrics.counter("recorder_entries_total").value();
  outcome.batches = metrics.counter("recorder_batches_total").value();
  const std::size_t in_order = run.mode == "synced" ? 1 : run.publishers;
  outcome.wrong += wrong_in((*recording)->log(), book, in_order);
  if (outcome.stored != book.size()) ++outcome.wrong;
  if (paced) return {};
  outcome.floor_per_s = entries_per_second(run, book, run.mode == "synced");
  outcome.floor_mb_s = megabytes_per_second(run, book);
  return {};
}

void report(const Run& run, const Outcome& outcome) {
  const double rate = static_cast<double>(outcome.stored) / outcome.seconds;
  std::printf(R"({"mode":"%s","publishers":%zu,"bytes":%zu,"events":%llu,"seconds":%.2f,)"
              R"("entries_per_s":%.0f,"mb_per_s":%.1f,"entries_per_commit":%.1f,"ring_full":%llu,)"
              R"("client_cpu_s":%.2f,"server_cpu_us_per_event":%.3f,"floor_entries_per_s":%.0f,)"
              R"("of_floor":%.3f,"floor_mb_per_s":%.0f,)",
              run.mode.c_str(), run.publishers, run.bytes,
              static_cast<unsigned long long>(outcome.stored), outcome.seconds, rate,
              rate * static_cast<double>(run.bytes) / 1e6,
              static_cast<double>(outcome.stored) /
                  static_cast<double>(std::max<std::uint64_t>(1, outcome.batches)),
              static_cast<unsigned long long>(outcome.waits), outcome.cpu,
              outcome.cpu * 1e6 / static_cast<double>(std::max<std::uint64_t>(1, outcome.stored)),
              outcome.floor_per_s, outcome.floor_per_s > 0 ? rate / outcome.floor_per_s : 0.0,
              outcome.floor_mb_s);
  std::printf(R"(%s,"wrong":%llu,"ok":%s})"
              "\n",
              outcome.visible.members().c_str(), static_cast<unsigned long long>(outcome.wrong),
              outcome.wrong == 0 ? "true" : "false");
}

int refuse(const Status& why) {
  std::fprintf(stderr, "recorder_load: %s\n", why.message().c_str());
  return 2;
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  using namespace devs;
  Flags flags(argc, argv, {"mode", "dir", "publishers", "bytes", "events", "rate"});
  Run run;
  run.mode = flags.text("mode", "written");
  run.dir = flags.text("dir");
  run.publishers = static_cast<std::size_t>(flags.whole("publishers", 1, 1));
  run.bytes = static_cast<std::size_t>(
      flags.whole("bytes", 200, static_cast<int>(PayloadBook::kLeastBytes)));
  run.count = static_cast<std::size_t>(flags.whole("events", 1'000'000, 1));
  run.rate = flags.number("rate", 50'000, 1000);
  const bool known = run.mode == "written" || run.mode == "synced" || run.mode == "visible";
  if (!flags.status().ok() || run.dir.empty() || !known) {
    std::fprintf(stderr,
                 "usage: recorder_load --dir NEW_DIR [--mode written|synced|visible]\n"
                 "         [--publishers N] [--bytes N] [--events N] [--rate PER_S]\n");
    return refuse(flags.status().ok() ? Status(Code::invalid_argument, "--dir or --mode is wrong")
                                      : flags.status());
  }
  Outcome outcome;
  if (Status ran = measure(run, outcome); !ran.ok()) return refuse(ran);
  report(run, outcome);
  return outcome.wrong == 0 ? 0 : 1;
}
