#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/fuzz/law.h"

namespace {

// An input, and every prefix of a small one: a cut is the commonest damage.
void replay(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  LLVMFuzzerTestOneInput(data, bytes.size());
  if (bytes.size() > 512) return;
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) LLVMFuzzerTestOneInput(data, cut);
}

}  // namespace

int main(int argc, char** argv) {
  int replayed = 0;
  for (int at = 1; at < argc; ++at) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(argv[at], error)) {
      if (!entry.is_regular_file()) continue;
      replay(entry.path());
      ++replayed;
    }
  }
  std::printf("%d inputs replayed\n", replayed);
  return replayed > 0 ? 0 : 1;  // a lost corpus is a failure
}
