#include "tools/bench/process_usage.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tools/bench/nanoseconds.h"

namespace devs {

ProcessUsage usage_of(const std::vector<int>& pids) {
  static const double tick = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  static const long page_kb = sysconf(_SC_PAGESIZE) / 1024;

  ProcessUsage sum;
  for (int pid : pids) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    // The name in brackets may hold blanks: fields are counted from behind it.
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) continue;
    std::istringstream fields(text.substr(name_end + 1));
    std::string skipped;
    for (int field = 3; field < 14; ++field) fields >> skipped;
    double user = 0, system = 0;
    long threads = 0, rss = 0;
    fields >> user >> system;
    for (int field = 16; field < 20; ++field) fields >> skipped;
    fields >> threads;
    for (int field = 21; field < 24; ++field) fields >> skipped;
    fields >> rss;
    sum.cpu_seconds += (user + system) * tick;
    sum.threads += threads;
    sum.rss_kb += rss * page_kb;
  }
  return sum;
}

double own_cpu_seconds() {
  return static_cast<double>(nanos_of(CLOCK_PROCESS_CPUTIME_ID)) / 1e9;
}

std::string cost_members(const ProcessUsage& before, const ProcessUsage& after,
                         double own_seconds) {
  char text[256];
  std::snprintf(
      text, sizeof text,
      R"("server_cpu_s":%.2f,"client_cpu_s":%.2f,"server_rss_kb":%ld,"server_threads":%ld)",
      after.cpu_seconds - before.cpu_seconds, own_seconds, after.rss_kb, after.threads);
  return text;
}

}  // namespace devs
