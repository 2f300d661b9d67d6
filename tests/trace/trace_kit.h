#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/patience.h"
#include "trace/clock.h"
#include "trace/entry.h"
#include "trace/flight_log.h"
#include "trace/log.h"
#include "trace/mutex.h"

namespace devs {

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

inline TimePoint already() {
  return std::chrono::steady_clock::now();
}

// True as soon as `condition` holds; false when it did not for a minute.
template <class F>
bool eventually(F condition) {
  for (const TimePoint deadline = soon(); !condition(); std::this_thread::yield())
    if (std::chrono::steady_clock::now() > deadline) return condition();
  return true;
}

// A host's envelope that carries `word`, and one of ours with a stamp to fill.
inline std::string body_of(std::string_view word) {
  return std::string(R"({"word":")").append(word).append(R"("})");
}
inline Draft host_draft(std::string_view word) {
  return {body_of(word), {}, std::nullopt};
}
inline Draft our_draft() {
  const std::string before = R"({"timestamp_ns":")";
  return {before + std::string(kStampDigits, '0') + R"("})", {}, before.size()};
}
inline std::int64_t stamp_of(const Entry& entry) {
  return std::stoll(entry.body.substr(entry.body.find('1'), kStampDigits));
}

inline EntryPtr entry_of(Sequence sequence, std::string body) {
  auto entry = std::make_shared<Entry>();
  entry->sequence = sequence;
  entry->body = std::move(body);
  return entry;
}

// Appends `count` entries named by their sequences.
inline Status append_some(FlightLog& log, int count) {
  std::vector<EntryPtr> batch;
  for (int i = 0; i < count; ++i) {
    const Sequence sequence = log.last() + batch.size() + 1;
    batch.push_back(entry_of(sequence, body_of(std::to_string(sequence))));
  }
  return log.append(batch, {});
}

// The lines that are there, in order; the declared losses between them are passed over.
inline std::vector<std::string> bodies_of(const StoredLog& log) {
  std::vector<std::string> bodies;
  for (Sequence at = 1; at <= log.last();)
    at = log.read(at, {}, [&](const StoredLine& line) { bodies.emplace_back(line.body); }).next;
  return bodies;
}

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// Keeps what it is told: "warn torn_tail_cut file=... bytes=3".  Thread-safe.
class MemoryLog final : public Log {
 public:
  void line(Level level, std::string_view event, std::initializer_list<Field> fields) override
      DEVS_EXCLUDES(mutex_) {
    static constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};
    std::string text(kNames[static_cast<std::size_t>(level)]);
    text.append(" ").append(event);
    for (const auto& [name, value] : fields)
      text.append(" ").append(name).append("=").append(value);
    MutexLock lock(mutex_);
    lines_.push_back(std::move(text));
  }
  // The first line that begins so; empty when there is none.
  std::string find(std::string_view begin) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    for (const std::string& each : lines_)
      if (each.starts_with(begin)) return each;
    return {};
  }
  std::size_t count(std::string_view begin) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    std::size_t found = 0;
    for (const std::string& each : lines_) found += each.starts_with(begin) ? 1u : 0u;
    return found;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> lines_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
