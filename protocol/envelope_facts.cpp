#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "protocol/envelope.h"
#include "protocol/ids.h"
#include "protocol/limits.h"

namespace devs {
namespace {

constexpr std::size_t kMaxStatusBytes = 64;  // of a closed list (SAOP 4.4)

// Names a host of an older protocol may use (SAOP 10).
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kOlderNames{{
    {"HITL_BLOCK", "HITL_GATE_REQUIRED"},
    {"HITL_REQUEST", "HITL_GATE_REQUIRED"},
    {"HITL_GATE_OPEN", "HITL_GATE_REQUIRED"},
    {"hitl:awaiting_approval", "HITL_GATE_REQUIRED"},
    {"HITL_RESPONSE", "HITL_GATE_RESOLVED"},
    {"hitl:approved", "HITL_GATE_RESOLVED"},
    {"hitl:denied", "HITL_GATE_RESOLVED"},
    {"hitl:timeout", "HITL_GATE_RESOLVED"},
}};

std::string event_name(JsonView payload, bool is_hitl) {
  const std::optional<std::string> event = payload["event"].string();
  if (!event || event->size() > kMaxIdBytes) return {};
  // A control byte would smuggle a line into a frame.
  const bool clean = std::none_of(event->begin(), event->end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
  });
  if (!clean) return {};
  if (is_hitl) {
    for (const auto& [older, name] : kOlderNames) {
      if (*event == older) return std::string(name);
    }
  }
  return *event;
}

// The camelCase spelling counts only where the other is absent.
std::string id_of(JsonView snake, JsonView camel) {
  const std::optional<std::string> id = (snake.present() ? snake : camel).string();
  return id && is_saop_id(*id) ? *id : std::string();
}

// The string, or empty when it is none or too long for what it names.
std::string text_of(JsonView view, std::size_t limit) {
  // An escape makes at most six bytes of one.
  if (!view.is_string() || view.text().size() > limit * 6 + 2) return {};
  std::string text = view.string().value_or("");
  if (text.size() > limit) text.clear();
  return text;
}

std::int64_t stamp_of(JsonView view) {
  const std::string_view quoted = view.text();
  if (!view.is_string() || quoted.size() < 2) return 0;
  const char* const end = quoted.data() + quoted.size() - 1;
  std::int64_t stamp = 0;
  const auto [stop, error] = std::from_chars(quoted.data() + 1, end, stamp);
  return error == std::errc() && stop == end && stamp > 0 ? stamp : 0;
}

void observe(JsonView metadata, JsonView payload, JsonView duration, EnvelopeFacts& facts) {
  JsonView tool, status;
  metadata.pick({{"tool_name", &tool}, {"status", &status}});
  if (!tool.is_string() || !status.is_string()) {
    JsonView inner_tool, inner_status;
    payload["observation"].pick({{"tool_name", &inner_tool}, {"status", &inner_status}});
    if (!tool.is_string()) tool = inner_tool;
    if (!status.is_string()) status = inner_status;
  }
  facts.tool = text_of(tool, kMaxToolNameBytes);
  facts.status = text_of(status, kMaxStatusBytes);
  facts.duration_ms = duration.number();
}

}  // namespace

EnvelopeFacts facts_of(std::string_view compact_envelope) {
  JsonView type, payload, task, session, agent, task_camel, session_camel, agent_camel, stamp,
      metadata, duration;
  JsonView(compact_envelope)
      .pick({{"type", &type},
             {"payload", &payload},
             {"timestamp_ns", &stamp},
             {"task_id", &task},
             {"session_id", &session},
             {"agent_id", &agent},
             {"taskId", &task_camel},
             {"sessionId", &session_camel},
             {"agentId", &agent_camel},
             {"metadata", &metadata},
             {"duration_ms", &duration}});

  EnvelopeFacts facts;
  facts.type = text_of(type, kMaxTypeBytes);
  if (facts.type == "action") {
    facts.tool = text_of(payload["tool_call"]["tool_name"], kMaxToolNameBytes);
  } else if (facts.type == "observation") {
    observe(metadata, payload, duration, facts);
  } else if (facts.type == "hitl" || facts.type == "lifecycle" || facts.type == "system") {
    facts.name = event_name(payload, facts.type == "hitl");
  } else if (facts.type == "graph" || facts.type == "channel") {
    facts.name = event_name(JsonView(compact_envelope), false);
  }
  facts.task_id = id_of(task, task_camel);
  facts.session_id = id_of(session, session_camel);
  facts.agent_id = id_of(agent, agent_camel);
  facts.timestamp_ns = stamp_of(stamp);
  return facts;
}

bool is_plain_turn(std::string_view compact_envelope) {
  constexpr std::string_view kBegin = R"({"type":")";
  if (!compact_envelope.starts_with(kBegin)) return false;
  const std::string_view type = compact_envelope.substr(kBegin.size());
  return type.starts_with(R"(thought")") || type.starts_with(R"(action")") ||
         type.starts_with(R"(observation")");
}

}  // namespace devs
