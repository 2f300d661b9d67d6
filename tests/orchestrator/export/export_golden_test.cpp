// A small log and what it becomes, byte for byte, in tests/orchestrator/export/golden.
// After a change that is meant: DEVS_WRITE_GOLDEN=1 export_test, and read the diff.

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/orchestrator/export/export_kit.h"

namespace devs {
namespace {

// The examples of SAOP 4, a gap, a call that never ends.
ShortLog small_log() {
  std::ifstream in(std::filesystem::path(DEVS_GOLDEN) / "log.ndjson", std::ios::binary);
  ShortLog log;
  for (std::string line; std::getline(in, line);) {
    if (line == "(lost)") {
      log.lose(LossReason::corrupt);
    } else {
      log.add(line);
    }
  }
  return log;
}

TEST_CASE("[T13] Exports: the small log becomes the golden files") {
  for (const auto& [name, format] :
       {std::pair{"log.json", ExportFormat::json}, std::pair{"log.otlp.json", ExportFormat::otlp},
        std::pair{"log.chrome.json", ExportFormat::chrome}}) {
    INFO(std::string(name));
    ExportJob job;
    job.options.content = true;
    const std::string text = exported(small_log(), format, job).text;
    const auto path = std::filesystem::path(DEVS_GOLDEN) / name;
    if (std::getenv("DEVS_WRITE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
    std::ifstream in(path, std::ios::binary);
    CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == text);
  }
}

}  // namespace
}  // namespace devs
