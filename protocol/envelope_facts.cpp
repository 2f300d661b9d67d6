#include <algorithm>
#include <array>
#include <utility>

#include "protocol/envelope.h"
#include "protocol/ids.h"
#include "protocol/limits.h"

namespace devs {
namespace {

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

}  // namespace

EnvelopeFacts facts_of(std::string_view compact_envelope) {
  JsonView type, payload, task, session, agent, task_camel, session_camel, agent_camel;
  JsonView(compact_envelope)
      .pick({{"type", &type},
             {"payload", &payload},
             {"task_id", &task},
             {"session_id", &session},
             {"agent_id", &agent},
             {"taskId", &task_camel},
             {"sessionId", &session_camel},
             {"agentId", &agent_camel}});

  EnvelopeFacts facts;
  if (type.is_string() && type.text().size() <= kMaxTypeBytes * 6 + 2) {
    facts.type = type.string().value_or("");
    if (facts.type.size() > kMaxTypeBytes) facts.type.clear();
  }
  if (facts.type == "hitl" || facts.type == "lifecycle" || facts.type == "system") {
    facts.name = event_name(payload, facts.type == "hitl");
  }
  facts.task_id = id_of(task, task_camel);
  facts.session_id = id_of(session, session_camel);
  facts.agent_id = id_of(agent, agent_camel);
  return facts;
}

}  // namespace devs
