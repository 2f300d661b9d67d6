#include <algorithm>
#include <cmath>

#include "protocol/base64.h"
#include "protocol/envelope.h"
#include "protocol/envelope_writer.h"
#include "protocol/json_text.h"
#include "protocol/limits.h"

// From a CallToolResult to the flat observation (SAOP 4.3 to 4.5).
namespace devs {
namespace {

constexpr std::size_t kMaxMetadataText = 1024;

// As a metadata value: repaired first, for repairing makes longer.
std::string metadata_text(std::string_view text) {
  const std::string utf8 =
      is_utf8(text) ? std::string(text) : JsonView(json_string(text)).string().value_or("");
  return std::string(utf8_prefix(utf8, kMaxMetadataText));
}

struct Output {
  std::string out, err;
  std::int64_t exit_code = 0;
  std::string content = "[]";   // JSON
  std::string_view structured;  // JSON, or empty
};

// At most three decimals, no exponent: 11.482, 2.31, 1502.
std::string milliseconds(double ms) {
  constexpr double kMost = 9e12;                         // keeps thousandths in an integer
  const double kept = ms > 0 ? std::min(ms, kMost) : 0;  // NaN too becomes 0
  const auto thousandths = static_cast<std::int64_t>(std::llround(kept * 1000));
  std::string text = std::to_string(thousandths / 1000);
  std::string decimals = std::to_string(1000 + thousandths % 1000).substr(1);
  while (decimals.ends_with('0')) decimals.pop_back();
  if (!decimals.empty()) text += '.' + decimals;
  return text;
}

// Every block, in order; a text block says how long its text is instead of
// repeating it.  The texts, joined, go to `texts`.
std::string describe_content(JsonView content, std::string& texts) {
  std::string out = "[";
  bool first_text = true;
  content.each_element([&](JsonView block) {
    if (out.size() > 1) out += ',';
    const std::optional<std::string> text =
        block["type"].is("text") ? block["text"].string() : std::nullopt;
    if (!text) {
      out += block.text();
      return;
    }
    if (!first_text) texts += '\n';
    first_text = false;
    texts += *text;
    MemberWriter members(out);
    block.each_member([&](const std::string& name, JsonView value) {
      if (name == "text") {
        members.number("text_bytes", std::uint64_t{text->size()});
      } else {
        members.json(name, value.text());
      }
    });
    members.end();
  });
  out += ']';
  return out;
}

// A tool that wraps a process says so by its structured content.
void take_process_output(JsonView structured, CallStatus status, Output& output) {
  const auto exit_code = structured["exit_code"].integer();
  auto out = structured["stdout"].string();
  auto err = structured["stderr"].string();
  if (!exit_code || !out || !err) return;
  output.out = std::move(*out);
  output.err = std::move(*err);
  if (status == CallStatus::tool_error && *exit_code != 0) output.exit_code = *exit_code;
}

Output output_of(const ObservationEnvelope& observation) {
  Output output;
  output.exit_code = exit_code_of(observation.status);
  if (observation.result.empty()) {
    output.out = observation.stdout_text;
    output.err = observation.stderr_text;
    return output;
  }
  const JsonView result(observation.result);
  // Validation help is for readers of stdout, error or not.
  const bool to_stdout = observation.status == CallStatus::success ||
                         observation.status == CallStatus::validation_failed;
  output.content = describe_content(result["content"], to_stdout ? output.out : output.err);
  const JsonView structured = result["structuredContent"];
  output.structured = structured.text();
  take_process_output(structured, observation.status, output);
  return output;
}

bool is_text(std::string_view bytes) {
  return bytes.find('\0') == std::string_view::npos && is_utf8(bytes);
}

std::size_t escaped_size(std::string_view utf8, std::size_t at, std::size_t length) {
  if (length > 1 || plain_end(utf8.substr(at, 1), 0) == 1) return length;
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  return kShort.find(utf8[at]) != std::string_view::npos ? 2 : 6;
}

// Cuts `text` so that at least `excess` bytes of its encoded form go, or all.
// Returns what is still too much.
std::size_t cut(std::string& text, bool as_base64, std::size_t excess) {
  if (excess == 0 || text.empty()) return excess;
  if (as_base64) {
    const std::size_t groups = std::min((excess + 3) / 4, (text.size() + 2) / 3);
    const std::size_t left = (text.size() + 2) / 3 - groups;
    text.resize(std::min(text.size(), left * 3));
    return excess - std::min(excess, groups * 4);
  }
  std::size_t end = text.size();
  std::size_t gone = 0;
  while (end > 0 && gone < excess) {
    std::size_t begin = end - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) --begin;
    gone += escaped_size(text, begin, end - begin);
    end = begin;
  }
  text.resize(end);
  return excess - std::min(excess, gone);
}

void write_output(MemberWriter& members, std::string_view name, std::string_view bytes,
                  bool as_base64) {
  if (as_base64) {
    members.json(name, '"' + base64_encode(bytes) + '"');
  } else {
    members.text(name, bytes);
  }
}

void write_metadata(std::string& out, const ObservationEnvelope& observation,
                    std::string_view tool_name, std::optional<std::size_t> original_bytes) {
  MemberWriter metadata(out);
  metadata.text("status", name_of(observation.status))
      .text("tool_name", tool_name)
      .text_if("server", metadata_text(observation.server));
  if (observation.executed) metadata.boolean("executed", *observation.executed);
  metadata.boolean("is_error", observation.status != CallStatus::success)
      .boolean("truncated", original_bytes.has_value());
  if (original_bytes) metadata.number("original_bytes", std::uint64_t{*original_bytes});
  if (observation.timeout_ms) {
    metadata.json("timeout_ms", milliseconds(*observation.timeout_ms))
        .json("elapsed_ms", milliseconds(observation.duration_ms));
  }
  metadata.text_if("cancelled_by", metadata_text(observation.cancelled_by));
  if (observation.input_required) metadata.text("result_type", "input_required");
  if (observation.mrtr_round > 0) {
    metadata.number("mrtr_round", std::uint64_t{observation.mrtr_round})
        .text_if("mrtr_first", metadata_text(observation.mrtr_first));
  }
  if (observation.recovered) {
    metadata.boolean("recovered", true).boolean("duration_is_lower_bound", true);
  }
  metadata.end();
}

EncodedEnvelope write(const ObservationEnvelope& observation, const Output& output, bool as_base64,
                      std::optional<std::size_t> original_bytes) {
  const std::string tool_name = metadata_text(observation.tool_name);
  const auto preview = [as_base64](std::string_view text) {
    return as_base64 ? std::string_view() : utf8_prefix(text, kPreviewBytes);
  };
  EncodedEnvelope encoded;
  std::string& out = encoded.body;
  out.reserve(output.out.size() + output.err.size() + output.content.size() +
              output.structured.size() + 3 * kPreviewBytes + 2048);
  MemberWriter members(out);
  encoded.stamp_at = write_head(members, out, "observation", observation.origin);
  members.text("tool_call_id", observation.tool_call_id)
      .number("call_index", observation.call_index);
  write_spans(members, observation.origin, observation.span_id, observation.parent_span_id);
  members.number("exit_code", output.exit_code);
  write_output(members, "stdout", output.out, as_base64);
  write_output(members, "stderr", output.err, as_base64);
  members.text("encoding", as_base64 ? "base64" : "utf8")
      .json("duration_ms", milliseconds(observation.duration_ms));
  members.begin("metadata");
  write_metadata(out, observation, tool_name, original_bytes);

  members.begin("payload");
  MemberWriter payload(out);
  payload.begin("observation");
  MemberWriter(out)
      .text("status", name_of(observation.status))
      .text("tool_name", tool_name)
      .text("stdout", preview(output.out))
      .text("stderr", preview(output.err))
      .end();
  payload.begin("result");
  MemberWriter(out)
      .text("stdout", preview(output.out))
      .boolean("is_error", observation.status != CallStatus::success)
      .json("content", output.content)
      .json_if("structured_content", output.structured)
      .json_if("errors", observation.errors)
      .end();
  payload.end();
  members.end();
  out.shrink_to_fit();  // the ring keeps the body as it is
  return encoded;
}

}  // namespace

EncodedEnvelope encode_observation(const ObservationEnvelope& observation) {
  constexpr std::size_t kMetadataRoom = 64;  // for `original_bytes`
  Output output = output_of(observation);
  const bool as_base64 = !is_text(output.out) || !is_text(output.err);
  EncodedEnvelope encoded = write(observation, output, as_base64, std::nullopt);
  if (encoded.body.size() <= kMaxRecordedEnvelope) return encoded;

  const std::size_t original_bytes = output.out.size() + output.err.size();
  std::size_t excess = encoded.body.size() - kMaxRecordedEnvelope + kMetadataRoom;
  excess = cut(output.out, as_base64, excess);
  excess = cut(output.err, as_base64, excess);
  if (excess > 0) {  // images, say: what is not text is all or nothing
    output.content = "[]";
    output.structured = {};
  }
  return write(observation, output, as_base64, original_bytes);
}

}  // namespace devs
