#pragma once

#include <doctest/doctest.h>

#include <cstdio>
#include <string>

#include "tests/support/front_routes.h"

namespace devs {

// A good client beside the attack: it must not notice.
inline void good_client_is_served(LiveFront& live) {
  const RawAnswer hello = live.get("/hello");
  CHECK(hello.status == 200);
  CHECK(hello.body == R"({"hello":true})");
  CHECK(live.post("/mcp", R"({"jsonrpc":"2.0"})").status == 200);
}

// Memory of this process in KiB.
inline long resident_kib() {
  long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    long size = 0;
    if (std::fscanf(file, "%ld %ld", &size, &pages) != 2) pages = 0;
    std::fclose(file);
  }
  return pages * 4;
}

// One request on a connection of its own: its answer, and that the connection
// was closed after it.
struct Refused {
  RawAnswer answer;
  bool closed = false;
};
inline Refused refused_by(LiveFront& live, std::string_view bytes) {
  RawClient client = live.client();
  client.say(bytes);
  Refused refused{.answer = client.answer(), .closed = false};
  refused.closed = client.read_end();
  return refused;
}
inline int status_of(LiveFront& live, std::string_view bytes) {
  const Refused refused = refused_by(live, bytes);
  CHECK(refused.closed);
  if (refused.answer.status >= 400) CHECK(refused.answer.header("connection") == "close");
  return refused.answer.status;
}

}  // namespace devs
