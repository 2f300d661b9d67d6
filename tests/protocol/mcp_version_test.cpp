#include "protocol/mcp_version.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

TEST_CASE("McpRevision: every name is the revision it names") {
  for (const char* name : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
    REQUIRE(revision_of(name));
    CHECK(name_of(*revision_of(name)) == name);
    CHECK(negotiate(name) == *revision_of(name));
  }
}

TEST_CASE("McpRevision: any other string is offered the latest legacy one") {
  for (const char* name : {"", "2026-07-28", "2025-11-26", "1.0", "2025-03-26 ", "DRAFT"}) {
    CHECK_FALSE(legacy_revision_of(name));
    CHECK(name_of(negotiate(name)) == "2025-11-25");
  }
}

TEST_CASE("McpRevision: each feature begins where it was brought") {
  using R = McpRevision;
  CHECK_FALSE(has_batches(R::v2024_11_05));
  CHECK(has_batches(R::v2025_03_26));
  CHECK_FALSE(has_batches(R::v2025_06_18));
  CHECK_FALSE(has_batches(R::v2025_11_25));
  CHECK_FALSE(has_annotations(R::v2024_11_05));
  CHECK(has_annotations(R::v2025_03_26));
  CHECK_FALSE(has_structured_output(R::v2025_03_26));
  CHECK(has_structured_output(R::v2025_06_18));
  CHECK_FALSE(has_icons(R::v2025_06_18));
  CHECK(has_icons(R::v2025_11_25));
}

}  // namespace
}  // namespace devs
