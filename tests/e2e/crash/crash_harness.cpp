// crash_harness [--iterations N] [--seed N]: kills a writer N times (kill_rounds.h).
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/e2e/crash/kill_rounds.h"

int main(int count, char** arguments) {
  devs::KillRounds rounds{.writer = DEVS_CRASH_WRITER, .tell = true};
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    const unsigned long value = std::strtoul(arguments[i + 1], nullptr, 10);
    if (name == "--iterations")
      rounds.iterations = static_cast<unsigned>(value);
    else if (name == "--seed")
      rounds.seed = value;
    else
      return 2;
  }
  const devs::KillReport report = run(rounds);
  std::printf(
      "%u kills (%u while opening, %u left a torn tail), %llu entries acknowledged, "
      "%llu judged, %llu segments checked\n",
      report.kills, report.while_opening, report.with_torn_tail,
      static_cast<unsigned long long>(report.acknowledged),
      static_cast<unsigned long long>(report.stored),
      static_cast<unsigned long long>(report.segments));
  if (!report.fault.empty()) std::printf("FAULT: %s\n", report.fault.c_str());
  return report.fault.empty() && report.kills == rounds.iterations ? 0 : 1;
}
