// The victim: publishes as fast as it can into the directory it is given, with segments
// so small that they are always being rolled and sealed, and says on stdout what
// became visible (crash_words.h).  It does not end by itself.
//
//   crash_writer <dir> written|synced <generation>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/e2e/crash/crash_words.h"
#include "trace/flight_log.h"
#include "trace/flight_recorder.h"
#include "trace/segment_keeper.h"

namespace devs {
namespace {

constexpr unsigned kPublishers = 3;

void say(std::string_view line) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  while (!line.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, line.data(), line.size());
    if (n < 0) std::_Exit(3);  // nobody listens
    line.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string fault_in(Sequence sequence, std::string_view body, std::string_view topics) {
  const auto word = read_crash_body(body);
  if (!word) return fmt::format("bad entry {} is not what anybody wrote\n", sequence);
  // Entries of before may have come without their record, and so without topics.
  if (topics != topics_of(*word) && !topics.empty())
    return fmt::format("bad entry {} has the topics '{}'\n", sequence, topics);
  return {};
}

void publish_all_the_time(TraceStreamBus& bus, CrashWord word, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Draft draft{crash_body(word), {}, std::nullopt};
    draft.topics = topics_of(word);
    if (bus.publish(std::move(draft)).ok())
      ++word.number;
    else
      std::this_thread::yield();
  }
}

// Follows the head; from the log where it falls behind.
void tell_what_is_visible(TraceStreamBus& bus, const FlightLog& log, Sequence from) {
  for (;;) {
    std::vector<EntryPtr> seen;
    if (bus.read(from, 50, 1u << 16, seen) == TraceStreamBus::Read::behind)
      if (read_entries(log, from, {50, 1u << 16}, seen).loss)
        return say(fmt::format("bad entry {} is lost to a reader\n", from));
    std::string said;
    for (const EntryPtr& entry : seen) {
      if (entry->sequence != from++)
        said += fmt::format("bad entry {} in place of {}\n", entry->sequence, from - 1);
      said += fault_in(entry->sequence, entry->body, entry->topics);
      said += fmt::format("seen {} {:016x}\n", entry->sequence, fingerprint(entry->body));
    }
    if (!said.empty()) say(said);
    if (seen.empty()) std::this_thread::yield();
  }
}

// Reads anywhere in what is stored while it is rolled and sealed.
void read_anywhere(const FlightLog& log, unsigned seed, const std::stop_token& stop) {
  std::mt19937_64 random(seed);
  while (!stop.stop_requested()) {
    const Sequence last = log.last(), oldest = log.oldest();
    if (last < oldest) continue;
    Sequence next = oldest + random() % (last - oldest + 1);
    const ReadOutcome outcome =
        log.read(next, {1 + random() % 40, 1u << 15}, [&](const StoredLine& line) {
          if (line.sequence != next++)
            say(fmt::format("bad entry {} was read in place of {}\n", line.sequence, next - 1));
          if (const std::string fault = fault_in(line.sequence, line.body, line.topics);
              !fault.empty())
            say(fault);
        });
    if (outcome.loss) say(fmt::format("bad entry {} is lost\n", next));
    std::this_thread::yield();
  }
}

int write_until_killed(const std::string& dir, Durability durability, unsigned generation) {
  Log& lines = stderr_log(Log::Level::error);
  auto log = FlightLog::open({.dir = dir, .segment_bytes = 32 * 1024}, lines);
  if (!log.ok()) {
    say("bad " + log.status().message() + "\n");
    return 1;
  }
  Metrics metrics;
  auto pins = Pins::open(real_files(), std::filesystem::path(dir) / "pins.json", {});
  if (!pins.ok()) {
    say("bad " + pins.status().message() + "\n");
    return 1;
  }
  TraceStreamBus bus({.ring_entries = 256, .last = (*log)->last()}, system_clock());
  SegmentKeeper keeper(**log, **pins, system_clock(), lines, metrics,
                       {.retention = {}, .look_every = std::chrono::milliseconds(2)});
  FlightRecorder recorder(bus, **log, nullptr, lines, metrics,
                          {.durability = durability, .max_batch = 64});
  const Sequence first = bus.head() + 1;
  say(fmt::format("open {} {} {}\n", (*log)->epoch(), (*log)->last(), (*log)->oldest()));

  std::vector<std::jthread> threads;
  for (unsigned publisher = 1; publisher <= kPublishers; ++publisher)
    threads.emplace_back([&bus, generation, publisher](const std::stop_token& stop) {
      publish_all_the_time(bus, {generation, publisher, 0}, stop);
    });
  threads.emplace_back(
      [&log, generation](const std::stop_token& stop) { read_anywhere(**log, generation, stop); });
  tell_what_is_visible(bus, **log, first);
  std::_Exit(1);  // something bad was seen
}

}  // namespace
}  // namespace devs

int main(int count, char** arguments) {
  if (count != 4) return 2;
  const bool synced = std::string_view(arguments[2]) == "synced";
  return devs::write_until_killed(arguments[1],
                                  synced ? devs::Durability::synced : devs::Durability::written,
                                  static_cast<unsigned>(std::strtoul(arguments[3], nullptr, 10)));
}
