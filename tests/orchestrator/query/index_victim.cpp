// The victim of the crash test: indexes a log into the file it is given, in small
// batches, and says on stdout how far each commit got.
#include <unistd.h>

#include <cstdio>
#include <string>

#include "orchestrator/query/index_writer.h"
#include "tests/orchestrator/query/victim_log.h"

namespace devs {
namespace {

int index_until_killed(const char* file) {
  ShelfLog log;
  fill_for_victim(log);
  auto writer = IndexWriter::open(file, log, "5f3a9c01d2", stderr_log(Log::Level::error));
  if (!writer.ok()) {
    std::fprintf(stderr, "%s\n", writer.status().message().c_str());
    return 1;
  }
  for (;;) {
    const auto advanced = (*writer)->advance(log.last(), {.entries = 64, .bytes = 1u << 20u});
    if (!advanced.ok() || *advanced == 0) return advanced.ok() ? 0 : 1;
    const std::string said = std::to_string((*writer)->through()) + "\n";
    if (::write(STDOUT_FILENO, said.data(), said.size()) < 0) return 1;
  }
}

}  // namespace
}  // namespace devs

int main(int count, char** arguments) {
  return count == 2 ? devs::index_until_killed(arguments[1]) : 2;
}
