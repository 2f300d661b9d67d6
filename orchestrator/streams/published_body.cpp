#include "orchestrator/streams/published_body.h"

#include <utility>

#include "protocol/envelope.h"
#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

// An array is checked as one text first, so its bounds are those of its envelopes
// together; each of them is held to its own afterwards.
constexpr JsonBounds kArrayJson{
    kEnvelopeJson.bytes,        kEnvelopeJson.depth + 1,  2'000'000,
    kEnvelopeJson.string_bytes, kEnvelopeJson.name_bytes, kEnvelopeJson.number_bytes};

// "/type: must be ..." is a path and what is wrong there.
void refuse(PublishedBody& body, std::size_t place, std::string_view message) {
  std::string_view path;
  if (const std::size_t colon = message.find(": ");
      message.starts_with('/') && colon != std::string_view::npos) {
    path = message.substr(0, colon);
    message.remove_prefix(colon + 2);
  }
  body.refused.push_back({place, std::string(path), std::string(message)});
}

void take(PublishedBody& body, std::size_t place, std::string_view text) {
  Result<std::string> compact = compact_json(text, kEnvelopeJson);
  if (!compact.ok()) return refuse(body, place, compact.status().message());
  if (const Status allowed = check_published_envelope(JsonView(*compact)); !allowed.ok())
    return refuse(body, place, allowed.message());
  body.drafts.push_back(draft_of_published(std::move(compact).value()));
}

}  // namespace

PublishedBody read_json_body(std::string_view text) {
  PublishedBody body;
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || text[start] != '[') {
    take(body, 0, text);
    return body;
  }
  const Result<std::string> compact = compact_json(text, kArrayJson);
  if (!compact.ok()) {
    refuse(body, 0, compact.status().message());
    return body;
  }
  const JsonView array(*compact);
  const std::size_t size = array.size();
  body.too_many = size > kMaxPublishEnvelopes;
  if (body.too_many) return body;
  if (size == 0) refuse(body, 0, "an array holds 1 to 1000 envelopes");
  body.drafts.reserve(size);
  std::size_t index = 0;
  array.each_element([&body, &index](JsonView element) { take(body, index++, element.text()); });
  return body;
}

PublishedBody read_ndjson_body(std::string_view text) {
  std::vector<std::pair<std::size_t, std::string_view>> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    lines.emplace_back(number, line);
    if (lines.size() > kMaxPublishEnvelopes) break;
  }
  PublishedBody body;
  body.too_many = lines.size() > kMaxPublishEnvelopes;
  if (body.too_many) return body;
  for (const auto& [number, line] : lines) take(body, number, line);
  return body;
}

}  // namespace devs
