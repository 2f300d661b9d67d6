#include "orchestrator/streams/console.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::size_t kSummaryUnits = 280;  // UTF-16, SAOP 6
// A grapheme cluster may be endless; we look this far back for its start.
constexpr int kLongestCluster = 16;

struct Look {
  std::string_view type, color, icon;
};
constexpr std::array<Look, 3> kLooks{{
    {"thought", "#A8D8EA", "\U0001F4AD"},
    {"action", "#F9E4B7", "\u26A1"},
    {"observation", "#B7F9C3", "\U0001F441\uFE0F"},
}};

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
};

// REQUIRES: at < utf8.size().  Envelopes were checked when they were published.
CodePoint code_point(std::string_view utf8, std::size_t at) {
  const auto byte = [&](std::size_t index) {
    return index < utf8.size() ? static_cast<unsigned char>(utf8[index]) : 0U;
  };
  const std::uint32_t lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  std::uint32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t next = 1; next < length; ++next)
    value = (value << 6U) | (byte(at + next) & 0x3FU);
  return {value, std::min(length, utf8.size() - at)};
}

// Marks, joiners and modifiers: a cut in front of one changes what is before it.
bool extends(std::uint32_t point) {
  return (point >= 0x300 && point <= 0x36F) || (point >= 0x1AB0 && point <= 0x1AFF) ||
         (point >= 0x20D0 && point <= 0x20FF) || (point >= 0xFE00 && point <= 0xFE0F) ||
         (point >= 0x1F3FB && point <= 0x1F3FF) || point == 0x200D;
}

// The beginning of a JSON string, unescaped: enough for a summary, without
// copying the megabyte that may follow.
std::string beginning_of(JsonView text) {
  if (!text.is_string()) return {};
  const std::string_view quoted = text.text();
  std::size_t at = 1;
  for (std::size_t taken = 0; taken < kSummaryUnits + 2 * kLongestCluster; ++taken) {
    if (at + 1 >= quoted.size()) break;
    const char c = quoted[at];
    if (c != '\\') {
      at += code_point(quoted, at).bytes;
    } else if (quoted[at + 1] != 'u') {
      at += 2;
    } else {
      // A high surrogate never stands alone in checked text.
      const bool pair = at + 3 < quoted.size() &&
                        (quoted[at + 2] == 'd' || quoted[at + 2] == 'D') &&
                        std::string_view("89abAB").find(quoted[at + 3]) != std::string_view::npos;
      at += pair ? 12 : 6;
    }
  }
  if (at + 1 >= quoted.size()) return text.string().value_or("");
  std::string part(quoted.substr(0, at));
  part += '"';
  return JsonView(part).string().value_or("");
}

std::string thought_summary(JsonView payload) {
  if (const JsonView chain = payload["analysis"]["reasoning_chain"]; chain.is_string())
    return beginning_of(chain);
  return beginning_of(payload["content"]);
}

std::string action_summary(JsonView payload) {
  const JsonView call = payload["tool_call"];
  if (!call.is_object()) return {};
  std::string summary = beginning_of(call["tool_name"]);
  summary += '(';
  // Four bytes are at most two units, so this much is never too little.
  summary += utf8_prefix(call["arguments"].text(), 4 * kSummaryUnits);
  summary += ')';
  return summary;
}

std::size_t base64_bytes(std::string_view text) {
  std::size_t bytes = text.size() / 4 * 3;
  for (std::size_t pad = 0; pad < 2 && text.ends_with('='); ++pad) {
    text.remove_suffix(1);
    if (bytes > 0) --bytes;
  }
  return bytes;
}

// What is looked at of one envelope, found in one pass over it.
struct Seen {
  JsonView payload, stamp, encoding, stdout_text, stderr_text;
  JsonView semantic_class, highlight_color, display;
};

std::string observation_summary(const Seen& seen) {
  if (seen.encoding.is("base64")) {
    std::optional<std::string> text = seen.stdout_text.string();
    if (!text || text->empty()) text = seen.stderr_text.string();
    return "[base64 " + std::to_string(base64_bytes(text.value_or(""))) + " bytes]";
  }
  const JsonView result = seen.payload["result"], observation = seen.payload["observation"];
  for (const JsonView place : {result["stdout"], observation["stdout"], seen.stdout_text,
                               result["stderr"], observation["stderr"], seen.stderr_text})
    if (std::string text = beginning_of(place); !text.empty()) return text;
  return {};
}

Seen look_into(std::string_view envelope) {
  Seen seen;
  JsonView(envelope).pick({{"payload", &seen.payload},
                           {"timestamp_ns", &seen.stamp},
                           {"encoding", &seen.encoding},
                           {"stdout", &seen.stdout_text},
                           {"stderr", &seen.stderr_text},
                           {"semantic_class", &seen.semantic_class},
                           {"highlight_color", &seen.highlight_color},
                           {"display", &seen.display}});
  return seen;
}

std::string summary_of(std::string_view type, const Seen& seen) {
  const std::string text = type == "thought"  ? thought_summary(seen.payload)
                           : type == "action" ? action_summary(seen.payload)
                                              : observation_summary(seen);
  return std::string(utf16_prefix(text, kSummaryUnits));
}

}  // namespace

std::string_view utf16_prefix(std::string_view utf8, std::size_t units) {
  std::size_t end = 0;
  for (std::size_t taken = 0; end < utf8.size();) {
    const CodePoint point = code_point(utf8, end);
    taken += point.value > 0xFFFF ? 2 : 1;
    if (taken > units) break;
    end += point.bytes;
  }
  if (end == utf8.size()) return utf8;
  // `end` is where something would be cut off: not before one of its marks.
  std::size_t cut = end;
  for (int back = 0; back < kLongestCluster && cut > 0; ++back) {
    std::size_t previous = cut - 1;
    while (previous > 0 && (static_cast<unsigned char>(utf8[previous]) & 0xC0U) == 0x80U)
      --previous;
    const bool joined = code_point(utf8, previous).value == 0x200D;
    if (!extends(code_point(utf8, cut).value) && !joined) return utf8.substr(0, cut);
    cut = previous;
  }
  return utf8.substr(0, end);
}

std::string console_summary(std::string_view type, std::string_view envelope) {
  return summary_of(type, look_into(envelope));
}

ConsoleView annotate_for_console(std::string_view type, std::string_view envelope) {
  using Kind = ConsoleView::Kind;
  if (type == "hitl") return {Kind::as_is, {}};
  for (const std::string_view silent : {"lifecycle", "system", "channel", "graph", "span"})
    if (type == silent) return {Kind::left_out, {}};
  const Look* look = nullptr;
  for (const Look& each : kLooks)
    if (each.type == type) look = &each;
  if (look == nullptr) return {Kind::unknown, {}};

  const Seen seen = look_into(envelope);
  if (!seen.stamp.present()) return {Kind::no_stamp, {}};
  if (seen.semantic_class.present() || seen.highlight_color.present() || seen.display.present())
    return {Kind::taken, {}};

  ConsoleView shown{Kind::shown, {}};
  shown.text.reserve(envelope.size() + 1024);
  shown.text = envelope.substr(0, envelope.size() - 1);
  shown.text += ",\"semantic_class\":\"";
  shown.text += look->type;
  shown.text += "\",\"highlight_color\":\"";
  shown.text += look->color;
  shown.text += "\",\"display\":{\"summary\":";
  append_json_string(shown.text, summary_of(type, seen));
  shown.text += ",\"icon\":\"";
  shown.text += look->icon;
  shown.text += "\"}}";
  return shown;
}

}  // namespace devs
