#include "orchestrator/mcp/request_state.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "protocol/base64.h"
#include "tests/support/temp_dir.h"

namespace devs {
namespace {

Seal seal_of(std::uint8_t byte) {
  Seal::Key key{};
  key.fill(byte);
  return Seal(key);
}

TEST_CASE("Seal: what comes back is what went out, and each bit flipped is refused") {
  const Seal seal = seal_of(1);
  for (const std::string& content : {std::string(), std::string("x"), std::string(5000, '\xff')}) {
    const std::string sealed = seal.seal("state", content);
    CHECK(seal.open("state", sealed) == content);
    CHECK(seal.seal("state", content) != sealed);  // never the same twice
    CHECK_FALSE(seal.open("task", sealed));        // of one purpose only
    CHECK_FALSE(seal_of(2).open("state", sealed));
  }
  const std::string sealed = seal.seal("state", "a short one");
  std::string bytes = *base64url_decode(sealed.substr(3));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    CHECK_FALSE(seal.open("state", "v1." + base64url_encode(flipped)));
  }
  for (std::size_t length = 0; length < sealed.size(); ++length)
    CHECK_FALSE(seal.open("state", sealed.substr(0, length)));
  CHECK_FALSE(seal.open("state", sealed + "-TAMPERED"));
}

TEST_CASE("Seal: a key file is made once, for its owner only, and must be one") {
  const TempDir dir;
  const auto file = dir / "seal.key";
  auto first = Seal::open(file);
  REQUIRE(first.ok());
  const std::string sealed = first->seal("state", "kept over a restart");
  auto again = Seal::open(file);
  REQUIRE(again.ok());
  CHECK(again->open("state", sealed) == "kept over a restart");
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::others_read) ==
        std::filesystem::perms::none);
  std::filesystem::permissions(file, std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  CHECK_FALSE(Seal::open(file).ok());
  std::filesystem::permissions(file, std::filesystem::perms::group_read,
                               std::filesystem::perm_options::remove);
  std::filesystem::resize_file(file, 31);
  const auto cut = Seal::open(file);
  REQUIRE_FALSE(cut.ok());
  CHECK(cut.status().message().find("seal.key") != std::string::npos);
}

TEST_CASE("RequestState: survives the way to the client and back, for its owner, in its time") {
  const Seal seal = seal_of(3);
  const StateOwner owner{"local", "tools/call", "two", R"({"a":1})"};
  RequestState state;
  state.client.answers = {{"name", R"({"action":"accept"})"}, {"k\"ey", "{}"}};
  state.client.state = "line\nand \"quotes\"";
  state.client.round = 3;
  state.first_call = "019ab3c2";
  const std::string sealed = seal_state(seal, owner, state, 1'000'000);
  const auto opened = open_state(seal, owner, sealed, 1'600'000);
  REQUIRE(opened);
  CHECK(opened->client.answers == state.client.answers);
  CHECK(opened->client.state == state.client.state);
  CHECK(opened->client.round == 3);
  CHECK(opened->first_call == "019ab3c2");
  CHECK_FALSE(open_state(seal, owner, sealed, 1'600'001));
  for (const StateOwner& other : {StateOwner{"other", "tools/call", "two", R"({"a":1})"},
                                  StateOwner{"local", "prompts/get", "two", R"({"a":1})"},
                                  StateOwner{"local", "tools/call", "tw", R"(o{"a":1})"},
                                  StateOwner{"local", "tools/call", "two", R"({"a":2})"}})
    CHECK_FALSE(open_state(seal, other, sealed, 1'000'000));
}

}  // namespace
}  // namespace devs
