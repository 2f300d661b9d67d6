#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "protocol/base64.h"
#include "protocol/envelope.h"
#include "protocol/ids.h"
#include "protocol/limits.h"

namespace devs {
namespace {

constexpr std::int64_t kMaxTurnIndex = (std::int64_t{1} << 53) - 1;
constexpr std::size_t kMaxMetadataMembers = 32;
constexpr std::size_t kMaxMetadataText = 1024;

constexpr std::array<std::string_view, 6> kControlEvents{
    "gap", "reset", "evicted", "goodbye", "envelope_oversize", "replay_end"};

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// ^(0|[1-9][0-9]{0,18})$, at most 2^63-1.
bool is_stamp(JsonView value) {
  const std::optional<std::string> text = value.string();
  if (!text || !is_digits(*text) || (text->front() == '0' && text->size() > 1)) return false;
  std::int64_t stamp = 0;
  return std::from_chars(text->data(), text->data() + text->size(), stamp).ec == std::errc();
}

bool is_id(JsonView value) {
  const std::optional<std::string> text = value.string();
  return text && is_saop_id(*text);
}

// ^1\.\d+\.\d+$
bool is_current_version(JsonView value) {
  const std::optional<std::string> text = value.string();
  if (!text || !text->starts_with("1.")) return false;
  const std::string_view rest = std::string_view(*text).substr(2);
  const std::size_t dot = rest.find('.');
  return dot != std::string_view::npos && is_digits(rest.substr(0, dot)) &&
         is_digits(rest.substr(dot + 1));
}

bool is_duration(JsonView value) {
  const std::optional<double> ms = value.number();
  return ms && *ms >= 0 && std::round(*ms * 1000) / 1000 == *ms;
}

bool is_metadata_value(JsonView value) {
  if (value.is_string()) return value.string()->size() <= kMaxMetadataText;
  return value.kind() == JsonView::Kind::number || value.kind() == JsonView::Kind::boolean;
}

Status refuse(std::string_view path, std::string_view why) {
  return Status(Code::invalid_argument, std::string(path) + ": " + std::string(why));
}

// A JSON pointer token.
std::string escaped_token(std::string_view name) {
  std::string token;
  for (const char c : name) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return token;
}

Status check_event_name(JsonView envelope, JsonView type, JsonView payload) {
  const bool beside = type.is("channel") || type.is("graph");
  if (!beside && !type.is("hitl") && !type.is("lifecycle") && !type.is("system")) return {};
  const std::optional<std::string> name = (beside ? envelope : payload)["event"].string();
  if (!name) return {};
  const std::string_view path = beside ? "/event" : "/payload/event";
  if (is_control_event(*name)) return refuse(path, "is the name of a control event");
  const bool line_end = name->find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
  return line_end ? refuse(path, "must be one line") : Status();
}

void check_output(std::string_view name, JsonView value, bool is_base64_encoding,
                  std::vector<std::string>& found) {
  const std::optional<std::string> text = value.string();
  const std::string path = "/" + std::string(name) + ": ";
  if (!text) {
    found.push_back(path + "must be a string");
  } else if (is_base64_encoding && !is_base64(*text)) {
    found.push_back(path + "must be base64");
  } else if (text->find('\0') != std::string::npos) {
    found.push_back(path + "must not contain NUL unless it is base64");
  }
}

void check_metadata(JsonView metadata, std::vector<std::string>& found) {
  if (!metadata.present()) return;
  if (!metadata.is_object()) {
    found.emplace_back("/metadata: must be an object");
    return;
  }
  if (metadata.size() > kMaxMetadataMembers) {
    found.emplace_back("/metadata: must have at most 32 members");
    return;
  }
  metadata.each_member([&found](const std::string& name, JsonView value) {
    const std::string path = "/metadata/" + escaped_token(name) + ": ";
    if (name == "payload") {
      found.push_back(path + "is not allowed");
    } else if (!is_metadata_value(value)) {
      found.push_back(path + "must be a string of at most 1024 bytes, a number or a boolean");
    }
  });
}

}  // namespace

bool is_control_event(std::string_view name) {
  return std::find(kControlEvents.begin(), kControlEvents.end(), name) != kControlEvents.end();
}

Status check_published_envelope(JsonView envelope) {
  if (!envelope.is_object()) return refuse("/", "must be an object");
  JsonView type, payload, header, stamp, turn_index;
  envelope.pick({{"type", &type},
                 {"payload", &payload},
                 {"header", &header},
                 {"timestamp_ns", &stamp},
                 {"turn_index", &turn_index}});
  if (!type.present()) {
    const bool turn = header.present() && payload.present();
    return refuse("/type",
                  turn ? "is required; a turn envelope belongs to /saop/turns" : "is required");
  }
  if (!type.is_string()) return refuse("/type", "must be a string");
  const std::size_t type_bytes = type.string()->size();
  if (type_bytes == 0) return refuse("/type", "must not be empty");
  if (type_bytes > kMaxTypeBytes) return refuse("/type", "must be at most 64 bytes");

  if (stamp.present() && !is_stamp(stamp)) {
    return refuse("/timestamp_ns", "must be a string of decimal digits, at most 2^63-1");
  }
  if (turn_index.present()) {
    const auto turn = turn_index.integer();
    if (!turn || *turn < 0 || *turn > kMaxTurnIndex) {
      return refuse("/turn_index", "must be an integer from 0 to 2^53-1");
    }
  }
  if (payload.present() && !payload.is_object()) {
    return refuse("/payload", "must be an object");
  }
  return check_event_name(envelope, type, payload);
}

std::vector<std::string> validate_observation(JsonView envelope) {
  std::vector<std::string> found;
  if (!envelope.is_object()) {
    found.emplace_back("/: must be an object");
    return found;
  }
  const JsonView version = envelope["schema_version"];
  if (version.present() && !is_current_version(version)) {
    found.emplace_back("/schema_version: must be 1.x.y");
  }
  if (!envelope["type"].is("observation")) {
    found.emplace_back("/type: must be \"observation\"");
  }
  if (!is_id(envelope["tool_call_id"])) {
    found.emplace_back("/tool_call_id: must be an id");
  }
  if (!is_stamp(envelope["timestamp_ns"])) {
    found.emplace_back("/timestamp_ns: must be a string of decimal digits, at most 2^63-1");
  }
  if (!envelope["exit_code"].integer()) {
    found.emplace_back("/exit_code: must be an integer");
  }
  const JsonView encoding = envelope["encoding"];
  if (encoding.present() && !encoding.is("utf8") && !encoding.is("base64")) {
    found.emplace_back("/encoding: must be \"utf8\" or \"base64\"");
  }
  check_output("stdout", envelope["stdout"], encoding.is("base64"), found);
  check_output("stderr", envelope["stderr"], encoding.is("base64"), found);
  const JsonView duration = envelope["duration_ms"];
  if (duration.present() && !is_duration(duration)) {
    found.emplace_back("/duration_ms: must be a number >= 0 with at most three decimals");
  }
  check_metadata(envelope["metadata"], found);
  return found;
}

}  // namespace devs
