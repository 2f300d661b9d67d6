#pragma once

#include <string>
#include <vector>

namespace devs {

// What a group of processes has used so far, from /proc.
struct ProcessUsage {
  double cpu_seconds = 0;  // user and system, all threads
  long rss_kb = 0;
  long threads = 0;
};

// The sum over `pids`; one that has ended counts nothing.
ProcessUsage usage_of(const std::vector<int>& pids);

// CPU seconds of this process, all threads.
double own_cpu_seconds();

// What one run cost its server and its client, as members of a JSON object.
std::string cost_members(const ProcessUsage& before, const ProcessUsage& after, double own_seconds);

}  // namespace devs
