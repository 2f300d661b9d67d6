#include "trace/entry.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

TEST_CASE("Draft: a host's envelope is kept verbatim, with its facts and without a stamp") {
  const std::string body =
      R"({"type":"thought","turn_index":1,"taskId":"t-42","payload":{},"timestamp_ns":"0"})";
  const Draft draft = draft_of_published(body);
  CHECK(draft.body == body);
  CHECK(draft.facts.type == "thought");
  CHECK(draft.facts.task_id == "t-42");
  CHECK_FALSE(draft.stamp_at.has_value());
}

TEST_CASE("Draft: one of ours says where its stamp goes") {
  ThoughtEnvelope thought;
  thought.origin.session_id = "s-7";
  const EncodedEnvelope encoded = encode_thought(thought);
  const Draft draft = draft_of(encoded);
  CHECK(draft.body == encoded.body);
  CHECK(draft.facts.type == "thought");
  CHECK(draft.facts.session_id == "s-7");
  REQUIRE(draft.stamp_at.has_value());
  CHECK(draft.body.substr(*draft.stamp_at, kStampDigits) == std::string(kStampDigits, '0'));
}

}  // namespace
}  // namespace devs
