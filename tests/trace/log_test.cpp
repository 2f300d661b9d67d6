#include "trace/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "protocol/json.h"

namespace devs {
namespace {

// The process's stderr is a pipe while this lives.
class CaughtStderr {
 public:
  CaughtStderr() : before_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    read_ = ends[0];
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
    ::fcntl(read_, F_SETFL, O_NONBLOCK);
  }
  ~CaughtStderr() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    hang_up();
  }
  CaughtStderr(const CaughtStderr&) = delete;
  CaughtStderr& operator=(const CaughtStderr&) = delete;

  std::string text() {
    std::string out;
    std::array<char, 4096> block{};
    for (ssize_t n; (n = ::read(read_, block.data(), block.size())) > 0;)
      out.append(block.data(), static_cast<std::size_t>(n));
    return out;
  }
  void hang_up() {
    if (read_ >= 0) ::close(read_);
    read_ = -1;
  }

 private:
  const int before_;
  int read_ = -1;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    REQUIRE(end != std::string::npos);
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

TEST_CASE("Log: one JSON object per event, with time, level and name first") {
  std::string text;
  {
    CaughtStderr caught;
    stderr_log().warn("upstream_down", {{"server", "files"}, {"exit", "1"}});
    text = caught.text();
  }
  CHECK(text.starts_with(R"({"time":"20)"));
  CHECK(text.substr(32) ==
        R"(Z","level":"warn","event":"upstream_down","server":"files","exit":"1"})"
        "\n");
  CHECK(text[28] == '.');  // milliseconds
  CHECK(compact_json(text, kConfigJson).ok());
}

TEST_CASE("Log: text from outside cannot forge a line, nor break its JSON") {
  const std::string evil[] = {"\r\n{\"level\":\"info\"}", "\"},{\"",  "\x1b[31m",
                              std::string("a\0b", 3),     "\xff\xfe", std::string(1'000'000, '\n'),
                              std::string(900, '\x1b')};
  for (const std::string& value : evil) {
    std::string text;
    {
      CaughtStderr caught;
      stderr_log().error("refused", {{"value", value}, {"after", "still here"}});
      text = caught.text();
    }
    const auto lines = split(text);
    REQUIRE(lines.size() == 1);
    CHECK(text.size() <= 4096);
    CHECK(compact_json(lines[0], kConfigJson).ok());
    CHECK(contains(text, R"("after":"still here")"));
  }
}

TEST_CASE("Log: a long value is cut at a code point, and the line says so") {
  std::string value, text;
  for (int i = 0; i < 3000; ++i) value += "é";
  {
    CaughtStderr caught;
    stderr_log().info("long",
                      {{"a", value}, {"b", value}, {"c", value}, {"d", value}, {"e", value}});
    text = caught.text();
  }
  CHECK(text.size() <= 4096);
  CHECK(text.size() > 2048);
  CHECK(is_utf8(text));
  CHECK(contains(text, R"("cut":true)"));
  CHECK(compact_json(text, kConfigJson).ok());
}

TEST_CASE(
    "Log: what stderr does not take is dropped, counted, and confessed by the next "
    "line") {
  CaughtStderr caught;
  const std::string value(900, 'x');
  for (int i = 0; i < 200; ++i) stderr_log().info("flood", {{"value", value}});  // never blocks
  const auto taken = split(caught.text());
  CHECK(taken.size() < 200);
  stderr_log().info("after");
  stderr_log().info("then");
  const auto lines = split(caught.text());
  REQUIRE(lines.size() == 2);
  CHECK(contains(lines[0], "\"dropped\":" + std::to_string(200 - taken.size()) + "}"));
  CHECK_FALSE(contains(lines[1], "dropped"));
}

TEST_CASE("Log: a reader that hung up neither blocks nor kills us") {
  CaughtStderr caught;
  caught.hang_up();
  stderr_log(Log::Level::error).error("nobody_listens");
}

TEST_CASE("Log: lines below the level are not written") {
  CaughtStderr caught;
  Log& log = stderr_log(Log::Level::warn);
  log.info("quiet");
  log.line(Log::Level::debug, "quiet", {});
  CHECK(caught.text().empty());
  log.warn("loud");
  log.error("louder");
  CHECK(split(caught.text()).size() == 2);
}

TEST_CASE("Log: lines of many threads do not mix") {
  CaughtStderr caught;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 8; ++i)
      writers.emplace_back([i] {
        for (int j = 0; j < 20; ++j)
          stderr_log().info("mixed", {{"value", std::string(200, static_cast<char>('a' + i))}});
      });
  }
  for (const std::string& line : split(caught.text())) {
    CHECK(compact_json(line, kConfigJson).ok());
    CHECK(line.size() > 200);
  }
}

}  // namespace
}  // namespace devs
