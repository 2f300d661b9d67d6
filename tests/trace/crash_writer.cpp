// The victim of the crash test: publishes as fast as it can into the directory
// it is given, and says on stdout, one line each, which entries became visible.
// It does not end by itself.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include "tests/trace/trace_kit.h"
#include "trace/flight_log.h"
#include "trace/flight_recorder.h"

namespace devs {
namespace {

int write_until_killed(const char* dir) {
  auto log = FlightLog::open({.dir = dir}, stderr_log(Log::Level::error));
  if (!log.ok()) {
    std::fprintf(stderr, "%s\n", log.status().message().c_str());
    return 1;
  }
  TraceStreamBus bus({.ring_entries = 256, .last = (*log)->last()}, system_clock());
  Metrics metrics;
  FlightRecorder recorder(bus, **log, nullptr, stderr_log(Log::Level::error), metrics,
                          {.max_batch = 64});

  Sequence from = bus.head() + 1;  // where the reader begins: before anybody publishes

  std::jthread first_publisher, second_publisher;
  const auto publish = [&bus](const std::stop_token& stop, int who) {
    for (int i = 0; !stop.stop_requested(); ++i)
      if (!bus.publish(host_draft(std::to_string(who) + ":" + std::to_string(i))).ok())
        std::this_thread::yield();
  };
  first_publisher =
      std::jthread([&](const std::stop_token& stop) { publish(stop, 1); });
  second_publisher =
      std::jthread([&](const std::stop_token& stop) { publish(stop, 2); });

  // The reader: what it prints, it has seen.
  for (;;) {
    std::vector<EntryPtr> seen;
    const auto read = bus.read(from, 50, 1u << 16, seen);
    if (read == TraceStreamBus::Read::behind)
      if (read_entries(**log, from, {50, 1u << 16}, seen).loss) break;
    std::string said;
    for (const EntryPtr& entry : seen)
      said.append(std::to_string(entry->sequence))
          .append(" ")
          .append(entry->body)
          .append("\n");
    if (!seen.empty()) from = seen.back()->sequence + 1;
    if (::write(STDOUT_FILENO, said.data(), said.size()) < 0) break;  // nobody listens
    if (seen.empty()) std::this_thread::yield();
  }
  bus.close();
  return 0;
}

}  // namespace
}  // namespace devs

int main(int count, char** arguments) {
  return count == 2 ? devs::write_until_killed(arguments[1]) : 2;
}
