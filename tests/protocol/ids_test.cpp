#include "protocol/ids.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

TEST_CASE("EventId: what is encoded reads back") {
  for (const Sequence sequence : {Sequence{0}, Sequence{1}, Sequence{184}, ~Sequence{0}}) {
    const auto id = decode_event_id(encode_event_id("5f3a9c01d2", sequence));
    REQUIRE(id.ok());
    CHECK(*id == EventId{"5f3a9c01d2", sequence});
  }
  CHECK(encode_event_id("5f3a9c01d2", 184) == "5f3a9c01d2-184");
}

TEST_CASE("EventId: whatever is not exactly the grammar is refused") {
  for (const std::string text : {"",
                                 "0",
                                 "-1",
                                 "184",
                                 "5f3a9c01d2",
                                 "5f3a9c01d2-",
                                 "5f3a9c01d2-01",
                                 "5f3a9c01d2-00",
                                 "5f3a9c01d2-+1",
                                 "5f3a9c01d2--1",
                                 "5f3a9c01d2-1 ",
                                 " 5f3a9c01d2-1",
                                 "5f3a9c01d2 -1",
                                 "5F3A9C01D2-1",
                                 "5f3a9c01dg-1",
                                 "5f3a9c01d-12",
                                 "5f3a9c01d22-1",
                                 "5f3a9c01d2-1e3",
                                 "5f3a9c01d2-0x1",
                                 "5f3a9c01d2-18446744073709551616",
                                 "5f3a9c01d2-\u0661",
                                 "5f3a9c01d2-1-2",
                                 "5f3a9c01d2_1"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_event_id(text).ok());
  }
  CHECK_FALSE(decode_event_id(std::string_view("5f3a9c01d2-1\0", 13)).ok());
  CHECK_FALSE(decode_event_id("5f3a9c01d2-1" + std::string(53, '0')).ok());  // 65 bytes
  CHECK_FALSE(decode_event_id(std::string(1'000'000, '1')).ok());
}

TEST_CASE("is_saop_id: 1 to 128 of the grammar") {
  CHECK(is_saop_id("a"));
  CHECK(is_saop_id("Az09._:@-"));
  CHECK(is_saop_id(std::string(128, 'x')));
  CHECK_FALSE(is_saop_id(""));
  CHECK_FALSE(is_saop_id(std::string(129, 'x')));
  for (const char* text : {"a b", "a/b", "é", "a\n", "a+b", "a\"", "a,b", "a%b", "~"}) {
    CHECK_FALSE(is_saop_id(text));
  }
  CHECK_FALSE(is_saop_id(std::string_view("a\0", 2)));
}

TEST_CASE("reduce_to_saop_id: gives an id whatever it is given") {
  CHECK(reduce_to_saop_id("claude-code") == "claude-code");
  CHECK(reduce_to_saop_id("My Client/1.0") == "My-Client-1.0");
  CHECK(reduce_to_saop_id("caf\u00e9 x") == "caf--x");
  CHECK(reduce_to_saop_id("") == "unknown");
  CHECK(reduce_to_saop_id("\u65e5\u672c") == "unknown");
  CHECK(reduce_to_saop_id(std::string(1000, 'a')) == std::string(128, 'a'));
  for (const std::string& text : {std::string("\x80\xff\n"), std::string(3, '\0') + "x"}) {
    CHECK(is_saop_id(reduce_to_saop_id(text)));
  }
}

TEST_CASE("uuid_v7: time first, then version, variant and randomness") {
  // RFC 9562, appendix A.6.
  const std::array<std::uint8_t, 10> random{0x0C, 0xC3, 0x18, 0xC4, 0xDC,
                                            0x0C, 0x0C, 0x07, 0x39, 0x8F};
  CHECK(uuid_v7(0x017F22E279B0, random) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  CHECK(is_uuid(uuid_v7(0, {})));
  CHECK(uuid_v7(1, {}) > uuid_v7(0, random));
}

TEST_CASE("is_uuid: the text form, either case") {
  CHECK(is_uuid("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"));
  CHECK(is_uuid("00000000-0000-0000-0000-000000000000"));
  CHECK_FALSE(is_uuid("017f22e279b07cc398c4dc0c0c07398f"));
  CHECK_FALSE(is_uuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398g"));
  CHECK_FALSE(is_uuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398f "));
  CHECK_FALSE(is_uuid("017f22e27-9b0-7cc3-98c4-dc0c0c07398f"));
}

TEST_CASE("hex: two lower-case digits a byte") {
  CHECK(hex(std::string_view("\x00\x7f\xff\xa0", 4)) == "007fffa0");
  CHECK(hex("") == "");
}

}  // namespace
}  // namespace devs
