#include "trace/pins.h"

#include "tests/trace/segment_kit.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

EnvelopeFacts failed() {
  EnvelopeFacts facts;
  facts.type = "observation";
  facts.status = "TOOL_ERROR";
  return facts;
}
EnvelopeFacts took(double ms) {
  EnvelopeFacts facts;
  facts.type = "observation";
  facts.status = "SUCCESS";
  facts.duration_ms = ms;
  return facts;
}
std::unique_ptr<Pins> pins_of(FileSystem& files, Trigger trigger) {
  return Pins::open(files, "/log/pins.json", trigger).value();
}

TEST_CASE("[T9] Pins: a trigger keeps the window around an error and around a slow call") {
  auto disk = log_disk();
  const auto pins =
      pins_of(*disk, {.on_error = true, .slower_than_ms = 5000, .before = 10, .after = 20});
  pins->see(50, took(5000));
  pins->see(51, EnvelopeFacts{});
  CHECK(pins->list().empty());
  pins->see(100, failed());
  pins->see(200, took(5012.4));
  const auto list = pins->list();
  REQUIRE(list.size() == 2);
  CHECK(list[0].at == 100);
  CHECK(list[0].from == 90);
  CHECK(list[0].through == 120);
  CHECK(list[0].why == "status TOOL_ERROR");
  CHECK(list[1].why == "took 5012 ms");
  CHECK(pins->holds(1, 90));
  CHECK(pins->holds(120, 150));
  CHECK(pins->holds(1, 1000));
  CHECK_FALSE(pins->holds(1, 89));
  CHECK_FALSE(pins->holds(121, 189));
}

TEST_CASE("Pins: a trigger that is off pins nothing") {
  auto disk = log_disk();
  const auto pins = pins_of(*disk, {});
  pins->see(1, failed());
  pins->see(2, took(1e9));
  CHECK(pins->list().empty());
  CHECK(Trigger{}.off());
}

TEST_CASE("Pins: windows that touch are one") {
  auto disk = log_disk();
  const auto pins = pins_of(*disk, {.on_error = true, .before = 2, .after = 2});
  pins->see(1, failed());
  pins->see(6, failed());
  REQUIRE(pins->list().size() == 1);
  CHECK(pins->list()[0].from == 1);
  CHECK(pins->list()[0].through == 8);
  CHECK(pins->list()[0].at == 6);
  pins->see(12, failed());
  CHECK(pins->list().size() == 2);
}

TEST_CASE("Pins: an endless row of errors keeps the newest, side by side or far apart") {
  auto disk = log_disk();
  for (const Sequence apart : {1u, 5u, 100u}) {
    const auto pins = pins_of(*disk, {.on_error = true, .before = 2, .after = 2, .max_pins = 4});
    Sequence last = 0;
    for (int i = 0; i < 500; ++i) pins->see(last += apart, failed());
    std::uint64_t entries = 0;
    for (const Pin& pin : pins->list()) entries += pin.through - pin.from + 1;
    CHECK(entries == 20);
    CHECK(pins->holds(last, last));
    CHECK_FALSE(pins->holds(1, last - 4 * std::max<Sequence>(apart, 5)));
  }
}

TEST_CASE("Pins: are written whole, and there again after a restart") {
  auto disk = log_disk();
  const Trigger trigger{.on_error = true, .before = 1, .after = 1};
  {
    const auto pins = pins_of(*disk, trigger);
    CHECK(pins->save().ok());
    CHECK(disk->list("/log")->size() == 1);  // nothing changed: segments/ only
    pins->see(10, failed());
    pins->see(20, failed());
    disk->refuse({.call = DiskCall::sync});
    CHECK_FALSE(pins->save().ok());
    CHECK(pins->save().ok());
  }
  CHECK(*read_whole_file(*disk, "/log/pins.json", 1000) ==
        "{\"format\":1,\"pins\":[\n"
        R"({"at":10,"from":9,"through":11,"why":"status TOOL_ERROR"},)"
        "\n"
        R"({"at":20,"from":19,"through":21,"why":"status TOOL_ERROR"})"
        "\n]}\n");
  const auto again = pins_of(*disk, trigger);
  CHECK(again->kept_aside().empty());
  CHECK(again->list().size() == 2);
  CHECK(again->holds(21, 30));
}

TEST_CASE("Pins: a file that does not parse is kept aside, and nothing is pinned") {
  for (const std::string_view text :
       {"", "{", "[]", R"({"format":0,"pins":[]})",
        R"({"format":1,"pins":[{"at":1,"from":5,"through":4,"why":""}]})",
        R"({"format":1,"pins":[{"at":1,"from":1,"through":4},{"at":3,"from":3,"through":9}]})"}) {
    CAPTURE(text);
    auto disk = log_disk();
    REQUIRE((*create_file(*disk, "/log/pins.json"))->append({&text, 1}).ok());
    const auto pins = pins_of(*disk, {.on_error = true});
    CHECK(pins->list().empty());
    CHECK(pins->kept_aside() == "/log/pins.json.bad-1");
    CHECK(*read_whole_file(*disk, pins->kept_aside(), 1000) == text);
  }
}

TEST_CASE("[T10] Pins: a newer format is refused by name and left alone") {
  auto disk = log_disk();
  const std::string_view text = R"({"format":2,"pins":[]})";
  REQUIRE((*create_file(*disk, "/log/pins.json"))->append({&text, 1}).ok());
  const auto refused = Pins::open(*disk, "/log/pins.json", {.on_error = true});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().code() == Code::invalid_argument);
  CHECK(contains(refused.status().message(), "/log/pins.json has format 2"));
  CHECK(contains(refused.status().message(), "up to 1"));
  CHECK(*read_whole_file(*disk, "/log/pins.json", 1000) == text);
}

}  // namespace
}  // namespace devs
