#include "trace/log.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>

#include "protocol/json.h"
#include "trace/mutex.h"

namespace devs {
namespace {

// A pipe that polls writable takes this much at once without blocking (PIPE_BUF),
// and lines of two writers never mix below it.
constexpr std::size_t kMaxLine = 4096;
// Kept free for what closes a line: `,"cut":true,"dropped":18446744073709551615}`.
constexpr std::size_t kTail = 64;
// Fields behind a long one still get room.
constexpr std::size_t kMaxValue = 1024;

std::string_view name_of(Log::Level level) {
  switch (level) {
    case Log::Level::debug:
      return "debug";
    case Log::Level::info:
      return "info";
    case Log::Level::warn:
      return "warn";
    case Log::Level::error:
      return "error";
  }
  return "error";
}

// 2026-11-21T01:24:05.120Z
std::string iso_time() {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const std::time_t seconds = static_cast<std::time_t>(now / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, now % 1000);
}

// Appends `,"name":"value"`, the value cut until it fits into `room`.  False
// when something was cut off or left out.
bool append_field(std::string& line, const Log::Field& field, std::size_t room) {
  const std::size_t begin = line.size();
  line += ',';
  append_json_string(line, field.first);
  line += ':';
  const std::size_t value_at = line.size();
  for (std::size_t limit = kMaxValue;; limit /= 2) {  // escaping may grow it sixfold
    const std::string_view value = utf8_prefix(field.second, limit);
    append_json_string(line, value);
    if (line.size() - begin <= room) return value.size() == field.second.size();
    line.resize(value_at);
    if (limit == 0) break;
  }
  line.resize(begin);
  return false;
}

std::string format_line(Log::Level level, std::string_view event,
                        std::initializer_list<Log::Field> fields, std::uint64_t dropped) {
  std::string line;
  line.reserve(256);
  line.append(R"({"time":")").append(iso_time());
  line.append(R"(","level":")").append(name_of(level)).append(R"(","event":)");
  append_json_string(line, utf8_prefix(event, 64));
  bool whole = true;
  for (const Log::Field& field : fields)
    if (!append_field(line, field, kMaxLine - kTail - line.size())) whole = false;
  if (!whole) line += R"(,"cut":true)";
  if (dropped > 0) line.append(R"(,"dropped":)").append(std::to_string(dropped));
  line += "}\n";
  return line;
}

class StderrLog final : public Log {
 public:
  explicit StderrLog(Level at_least) : at_least_(at_least) {}

  void line(Level level, std::string_view event, std::initializer_list<Field> fields) override
      DEVS_EXCLUDES(mutex_) {
    if (level < at_least_) return;
    MutexLock lock(mutex_);  // held over a write that cannot block
    if (!writable()) {
      ++dropped_;
      return;
    }
    std::string text = format_line(level, event, fields, dropped_);
    if (torn_) text.insert(text.begin(), '\n');
    const ssize_t wrote = ::write(STDERR_FILENO, text.data(), text.size());
    const bool taken = wrote == static_cast<ssize_t>(text.size());
    // A terminal or a socket may take half a line.  It cannot be called back, so
    // the next one begins on a line of its own.
    if (wrote > 0) torn_ = !taken;
    dropped_ = taken ? 0 : dropped_ + 1;
  }

 private:
  static bool writable() {
    pollfd stderr_now{STDERR_FILENO, POLLOUT, 0};
    // POLLERR: the reader of the pipe is gone, and a write would raise SIGPIPE.
    return ::poll(&stderr_now, 1, 0) == 1 && stderr_now.revents == POLLOUT;
  }

  const Level at_least_;
  Mutex mutex_;
  std::uint64_t dropped_ DEVS_GUARDED_BY(mutex_) = 0;
  bool torn_ DEVS_GUARDED_BY(mutex_) = false;
};

}  // namespace

Log& stderr_log(Log::Level at_least) {
  // The process has one stderr; what is here is its state, not ours.
  static std::array<StderrLog, 4> logs{StderrLog(Log::Level::debug), StderrLog(Log::Level::info),
                                       StderrLog(Log::Level::warn), StderrLog(Log::Level::error)};
  return logs[static_cast<std::size_t>(at_least)];
}

}  // namespace devs
