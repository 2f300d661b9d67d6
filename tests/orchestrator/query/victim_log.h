#pragma once

#include <string>

#include "tests/orchestrator/query/shelf_log.h"

namespace devs {

// What the victim of the crash test indexes, and its killer compares with.
inline void fill_for_victim(ShelfLog& log) {
  for (int i = 0; i < 10'000; ++i) {
    const std::string number = std::to_string(i);
    log.add(R"({"type":"observation","session_id":"s-)" + std::to_string(i % 31) +
            R"(","tool_call_id":"c-)" + number + R"(","stdout":"output number )" + number +
            R"(","stderr":"","metadata":{"status":"SUCCESS","tool_name":"x"}})");
  }
}

}  // namespace devs
