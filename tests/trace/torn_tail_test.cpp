#include <doctest/doctest.h>

#include <random>

#include "tests/support/temp_dir.h"
#include "tests/trace/log_cut_law.h"

namespace devs {
namespace {

TEST_CASE(
    "FlightLog: a torn tail is cut at every offset of the last record, and kept "
    "aside") {
  const TempDir dir;
  const std::vector<std::string> bodies = {body_of("first"), body_of("second"),
                                           R"({"word":"last, with \n and é"})"};
  std::size_t bytes = 0;
  for (const std::string& body : bodies) bytes += body.size() + 1;
  for (std::size_t cut = 0; cut <= bytes; ++cut) {
    CAPTURE(cut);
    CHECK(broken_log_law(dir / "log", bodies, cut) == "");
    CHECK(broken_sidecar_law(dir / "log", bodies, cut) == "");
  }
}

TEST_CASE("FlightLog: a log cut at any byte yields a prefix of what was written") {
  const TempDir dir;
  std::mt19937 random(20'261'121);  // seeded: a failure repeats
  const auto below = [&](std::size_t n) { return random() % n; };
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> bodies(1 + below(40));
    std::size_t bytes = 0;
    for (std::string& body : bodies) {
      const std::size_t size = below(10) == 0 ? below(200'000) : below(300);
      for (std::size_t i = 0; i < size; ++i) {
        const char c = static_cast<char>(random() % 256);
        body += c == '\n' ? ' ' : c;
      }
      bytes += body.size() + 1;
    }
    const std::size_t cut = below(bytes + 1);
    CAPTURE(round);
    CAPTURE(cut);
    CHECK(broken_log_law(dir / "log", bodies, cut) == "");
    CHECK(broken_sidecar_law(dir / "log", bodies, cut) == "");
  }
}

TEST_CASE("FlightLog: two torn tails are two files") {
  const TempDir dir;
  MemoryLog lines;
  for (int crash = 0; crash < 2; ++crash) {
    write_bytes(dir / "trace.log", body_of("1") + "\n{\"torn\":" + std::to_string(crash));
    auto log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(log.ok());
    CHECK(bytes_of((*log)->found().torn_file) == "{\"torn\":" + std::to_string(crash));
  }
  int kept = 0;
  for (const auto& each : std::filesystem::directory_iterator(dir.path()))
    kept += each.path().filename().string().starts_with("trace.log.torn-") ? 1 : 0;
  CHECK(kept == 2);
}

}  // namespace
}  // namespace devs
