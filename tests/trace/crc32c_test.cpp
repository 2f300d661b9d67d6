#include "trace/crc32c.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace devs {
namespace {

TEST_CASE("crc32c: known vectors (RFC 3720 B.4 and the check value)") {
  std::string ascending, descending;
  for (char i = 0; i < 32; ++i) {
    ascending += i;
    descending += static_cast<char>(31 - i);
  }
  for (auto* const crc : {&crc32c, &crc32c_by_table}) {
    CHECK(crc("", 0) == 0u);
    CHECK(crc("123456789", 0) == 0xe3069283u);
    CHECK(crc(std::string(32, '\0'), 0) == 0x8a9136aau);
    CHECK(crc(std::string(32, '\xff'), 0) == 0x62a8ab43u);
    CHECK(crc(ascending, 0) == 0x46dd794eu);
    CHECK(crc(descending, 0) == 0x113fdb5cu);
  }
}

TEST_CASE("crc32c: instruction and tables agree on every length and alignment") {
  std::mt19937 random(20'261'122);
  std::string bytes(300, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  for (std::size_t begin = 0; begin < 9; ++begin)
    for (std::size_t size = 0; begin + size <= bytes.size(); ++size) {
      const auto part = std::string_view(bytes).substr(begin, size);
      REQUIRE(crc32c(part) == crc32c_by_table(part));
    }
}

TEST_CASE("crc32c: what is summed in two pieces is summed as one") {
  const std::string_view all = "a stretch of the log, cut anywhere";
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    CHECK(crc32c(all.substr(cut), crc32c(all.substr(0, cut))) == crc32c(all));
    CHECK(crc32c_by_table(all.substr(cut), crc32c_by_table(all.substr(0, cut))) == crc32c(all));
  }
}

}  // namespace
}  // namespace devs
