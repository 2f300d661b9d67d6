#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace devs {

// Lines for operators: one JSON object per event, values escaped, so that no
// text from outside can forge a line.
//
// Thread-safe.  Never blocks: a line that stderr does not take now is dropped
// and counted, and the next line says how many were.
class Log {
 public:
  enum class Level { debug, info, warn, error };
  using Field = std::pair<std::string_view, std::string>;

  virtual ~Log() = default;
  // `event` is a constant in snake_case: `upstream_down`.
  virtual void line(Level level, std::string_view event, std::initializer_list<Field> fields) = 0;

  void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    line(Level::info, event, fields);
  }
  void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
    line(Level::warn, event, fields);
  }
  void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    line(Level::error, event, fields);
  }
};

// The process's stderr, lines from `at_least` up.
Log& stderr_log(Log::Level at_least = Log::Level::info);

}  // namespace devs
