#include "orchestrator/agents/agent_events.h"

#include <fmt/format.h>

#include "orchestrator/calls/task_trace.h"
#include "protocol/envelope.h"
#include "protocol/envelope_writer.h"

namespace devs {
namespace {

Draft event(const AgentTaskCard& card, const Epoch& epoch, std::string_view payload) {
  EnvelopeOrigin origin;
  origin.agent_id = card.agent;
  origin.session_id = card.conversation_id;
  origin.task_id = card.id;
  origin.trace_id = trace_of_task(epoch, card.id);
  Draft draft = draft_of(encode_event("lifecycle", origin, payload));
  draft.topics = owner_topic(card);
  return draft;
}

}  // namespace

Draft task_started(const AgentTaskCard& card, const Epoch& epoch, std::string_view title) {
  std::string payload;
  MemberWriter(payload)
      .text("event", "TASK_STARTED")
      .text("status", name_of(card.is_call ? AgentTaskStatus::running : AgentTaskStatus::pending))
      .text("title", title)
      .end();
  return event(card, epoch, payload);
}

Draft task_progress(const AgentTaskCard& card, const Epoch& epoch, const AgentStep& step) {
  std::string payload;
  MemberWriter members(payload);
  members.text("event", "TASK_PROGRESS").text("status", name_of(step.status));
  if (step.progress) members.json("progress", fmt::format("{}", *step.progress));
  members.text_if("message", step.message)
      .json_if("step", step.step)
      .json_if("sequence", step.sequence)
      .json_if("total_steps", step.total_steps)
      .json_if("context", step.context)
      .json_if("payload", step.payload)
      .end();
  return event(card, epoch, payload);
}

Draft task_ended(const AgentTaskCard& card, const Epoch& epoch, const AgentTaskEnd& end) {
  std::string payload;
  MemberWriter members(payload);
  if (end.status == AgentTaskStatus::completed)
    members.text("event", "TASK_COMPLETED").text("status", "completed");
  else if (end.status == AgentTaskStatus::cancelled)
    members.text("event", "TASK_CANCELLED").text("status", "cancelled").text("reason", end.error);
  else
    members.text("event", "TASK_FAILED").text("status", "failed").text("error", end.error);
  members.json_if("result", end.result).end();
  return event(card, epoch, payload);
}

}  // namespace devs
