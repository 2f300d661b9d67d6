#include <string>

#include "protocol/mcp_modern.h"
#include "tests/fuzz/law.h"

// Input: the params of a request of the modern era.  Laws: a refusal names the member; what
// is taken is what stands there; answers of a retry are JSON objects; a result made modern
// is JSON, has a resultType, stays as it is when made so again, and keeps its members.
namespace devs {
namespace {

void check_meta(JsonView params) {
  const Result<RequestMeta> meta = decode_request_meta(params);
  const auto version = meta_protocol_version(params).string();
  if (meta.ok()) {
    law(version && *version == meta->protocol_version, "the version is the one that stands there");
  } else {
    law(meta.status().message().starts_with("_meta"), "a refusal names the member");
  }
}

void check_retry(JsonView params) {
  const Result<RetryParams> retry = decode_retry(params);
  if (!retry.ok()) return;
  for (const auto& [key, answer] : retry->answers) {
    const auto compact = compact_json(answer, kRequestJson);
    law(compact.ok() && *compact == answer && JsonView(answer).is_object(),
        "an answer is an object");
    law(params["inputResponses"][key].text() == answer, "an answer is the one of its key");
  }
  law(!retry->state || params["requestState"].is(*retry->state), "the state is unchanged");
  law(retry->present || (retry->answers.empty() && !retry->state), "nothing of no retry");
}

void check_result(JsonView result) {
  if (!result.is_object()) return;
  for (const bool hinted : {false, true}) {
    const auto hints =
        hinted ? std::optional(CacheHints{.ttl_ms = 1, .is_public = true}) : std::nullopt;
    const std::string modern = modern_result(result.text(), "1", hints);
    const auto compact = compact_json(modern, {1 << 20, 66, 4000, 1 << 20, 256, 64});
    law(compact.ok() && *compact == modern, "a modern result is JSON");
    law(JsonView(modern)["resultType"].present(), "a modern result says its type");
    law(modern_result(modern, "1", hints) == modern, "a modern result stays");
    result.each_member([&](const std::string& name, JsonView value) {
      if (name == "_meta" || name == "resultType" || name == "ttlMs" || name == "cacheScope")
        return;
      law(JsonView(modern)[name].text() == value.text(), "other members stay");
    });
  }
}

void check(std::string_view text) {
  const auto compact = compact_json(text, {1 << 20, 64, 2000, 1 << 20, 256, 64});
  if (!compact.ok()) return;
  const JsonView value(*compact);
  check_meta(value);
  check_retry(value);
  check_result(value);
}

}  // namespace
}  // namespace devs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  devs::check(devs::bytes_of(data, size));
  return 0;
}
