// libFuzzer target, and a plain program that replays the directories it is given.
// An input is the place to cut (two bytes), then the bodies, one per line.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/support/temp_dir.h"
#include "tests/trace/log_cut_law.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t place = data[0] * 256u + data[1];
  std::vector<std::string> bodies(1);
  for (const std::uint8_t byte : std::basic_string_view<std::uint8_t>(data + 2, size - 2)) {
    if (byte == '\n')
      bodies.emplace_back();
    else
      bodies.back() += static_cast<char>(byte);
  }
  std::size_t bytes = 0;
  for (const std::string& body : bodies) bytes += body.size() + 1;

  const devs::TempDir dir;
  const std::string broken = devs::broken_log_law(dir / "log", bodies, std::min(place, bytes));
  if (broken.empty()) return 0;
  std::fprintf(stderr, "a log cut at byte %zu %s\n", place, broken.c_str());
  std::abort();
}

#ifndef DEVS_LIBFUZZER
int main(int count, char** directories) {
  int replayed = 0;
  for (int i = 1; i < count; ++i) {
    for (const auto& each : std::filesystem::directory_iterator(directories[i])) {
      const std::string bytes = devs::bytes_of(each.path());
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++replayed;
    }
  }
  std::printf("%d inputs replayed\n", replayed);
  return replayed > 0 ? 0 : 1;
}
#endif
