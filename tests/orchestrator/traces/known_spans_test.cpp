#include "orchestrator/traces/known_spans.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

TEST_CASE("[S2.6] known spans: the oldest is forgotten beyond the bound, a repeat is no new one") {
  KnownSpans known(2);
  CHECK_FALSE(known.has("a"));
  known.add("a");
  known.add("a");
  known.add("b");
  CHECK((known.has("a") && known.has("b")));
  known.add("c");
  CHECK_FALSE(known.has("a"));
  CHECK((known.has("b") && known.has("c")));
}

}  // namespace
}  // namespace devs
