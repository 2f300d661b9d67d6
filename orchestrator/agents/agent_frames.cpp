#include "orchestrator/agents/agent_frames.h"

#include <fmt/format.h>

#include "orchestrator/streams/console.h"
#include "protocol/envelope_writer.h"
#include "protocol/json.h"
#include "protocol/sse_frame.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

using Kind = AgentNews::Kind;

constexpr std::string_view kNoId = "00000000-0000-0000-0000-000000000000";
constexpr std::size_t kMessageUnits = 280;  // of the admin stream's `message`, UTF-16

std::string number(double value) {
  return fmt::format("{}", value);
}
std::int64_t ms_of(const EntryView& entry) {
  return entry.facts.timestamp_ns / 1'000'000;
}

std::string_view or_none(std::string_view id) {
  return id.empty() ? kNoId : id;
}

// A number or a text as a text: steps and their counts come as either.
std::string as_text(const std::string& json) {
  return !json.empty() && json.front() == '"' ? json : json_string(json);
}

std::string_view chunk_type_of(Kind kind) {
  if (kind == Kind::observation) return "partial";
  return kind == Kind::completed ? "final" : "progress";
}

// {progress?, step?, message?, status, hookEventType, payload, sequence?, totalSteps?}
void append_metadata(std::string& out, const AgentNews& news, const EntryView& entry) {
  MemberWriter members(out);
  if (news.progress) members.json("progress", number(*news.progress));
  if (!news.step.empty()) members.json("step", as_text(news.step));
  if (news.message) members.text("message", *news.message);
  members.text("status", name_of(news.status)).text("hookEventType", hook_event_of(news.kind));
  if (news.kind == Kind::observation)
    members.json("payload", entry.body);
  else
    members.json("payload", news.payload.empty() ? "{}" : news.payload);
  members.json_if("sequence", news.sequence).json_if("totalSteps", news.total_steps).end();
}

// What every event of a task's stream begins with.
class Event {
 public:
  Event(const AgentTaskCard* card, const EntryView& entry, std::string_view context)
      : members_(data) {
    members_.json("context", context)
        .text("streamId", card != nullptr ? card->stream_id : entry.facts.task_id)
        .text("mode", card != nullptr ? card->mode : "")
        .text("userMessage", card != nullptr ? card->user_message : "")
        .text("timestamp", iso_of_ms(ms_of(entry)));
  }
  MemberWriter& members() { return members_; }

  std::string data;

 private:
  MemberWriter members_;
};

}  // namespace

std::string agent_context(const AgentTaskCard* card, const EntryView& entry) {
  const AgentTaskCard unknown;
  const AgentTaskCard& known = card != nullptr ? *card : unknown;
  const EnvelopeFacts& facts = entry.facts;
  std::string out;
  MemberWriter members(out);
  members.text("orgSlug", known.org)
      .text("userId",
            or_none(card != nullptr ? std::string_view(known.owner) : owner_in(entry.topics)))
      .text("conversationId", or_none(card != nullptr ? known.conversation_id : facts.session_id))
      .text("taskId", or_none(facts.task_id))
      .text("planId", or_none(known.plan_id))
      .text("deliverableId", or_none(known.deliverable_id))
      .text("agentSlug", card != nullptr ? known.agent : facts.agent_id)
      .text("agentType", known.agent_type)
      .text("provider", known.provider)
      .text("model", known.model);
  if (known.sovereign) members.boolean("sovereignMode", *known.sovereign);
  members.end();
  return out;
}

void append_agent_frames(std::string& out, const AgentTaskCard* card, const EntryView& entry,
                         std::string_view id) {
  const AgentNews news = agent_news_of(entry);
  if (news.kind == Kind::none) return;
  const std::string context = news.context.empty() ? agent_context(card, entry) : news.context;
  const bool failed = news.kind == Kind::failed || news.kind == Kind::cancelled;
  const bool is_last = news.kind != Kind::progress && news.kind != Kind::completed;
  if (!failed) {
    Event event(card, entry, context);
    event.members().begin("chunk");
    MemberWriter chunk(event.data);
    chunk.text("type", chunk_type_of(news.kind)).text("content", news.content).begin("metadata");
    append_metadata(event.data, news, entry);
    chunk.end();
    event.members().end();
    append_sse_frame(out, {.id = is_last ? id : std::string_view(),
                           .event = "agent_stream_chunk",
                           .data = event.data});
  }
  if (news.kind == Kind::progress) {
    std::string data;
    MemberWriter members(data);
    members.json("context", context);
    if (news.progress) members.json("progress", number(*news.progress));
    if (news.message) members.text("message", *news.message);
    members.text("status", name_of(news.status)).text("timestamp", iso_of_ms(ms_of(entry))).end();
    append_sse_frame(out, {.id = id, .event = "task_progress", .data = data});
  } else if (failed || news.kind == Kind::completed) {
    Event event(card, entry, context);
    event.members().text("type", failed ? "error" : "complete");
    if (failed) event.members().text("error", news.error);
    event.members().end();
    append_sse_frame(out, {.id = id,
                           .event = failed ? "agent_stream_error" : "agent_stream_complete",
                           .data = event.data});
  }
}

std::string progress_json(std::string_view task_id, const AgentTaskState& state) {
  std::string out;
  MemberWriter(out)
      .text("taskId", task_id)
      .text("status", name_of(state.status))
      .json("progress", number(state.progress))
      .text("message", state.message)
      .text("timestamp", iso_of_ms(state.updated_ms))
      .end();
  return out;
}

void append_progress_frame(std::string& out, const EntryView& entry, std::string_view id) {
  const AgentNews news = agent_news_of(entry);
  if (news.kind == Kind::none || news.kind == Kind::thought || news.kind == Kind::action ||
      news.kind == Kind::observation)
    return;
  std::string data;
  MemberWriter members(data);
  members.text("taskId", entry.facts.task_id).text("status", name_of(news.status));
  if (news.progress) members.json("progress", number(*news.progress));
  if (news.message)
    members.text("message", *news.message);
  else if (!news.error.empty())
    members.text("message", news.error);
  members.text("timestamp", iso_of_ms(ms_of(entry))).end();
  append_sse_frame(out, {.id = id, .event = {}, .data = data});
}

std::string admin_record(const AgentTaskCard* card, const EntryView& entry) {
  const AgentNews news = agent_news_of(entry);
  const EnvelopeFacts& facts = entry.facts;
  std::string out;
  MemberWriter members(out);
  members.json("context", news.context.empty() ? agent_context(card, entry) : news.context)
      .text("source_app", "mcp-orchestrator");
  if (news.kind == Kind::none) {
    members.text("hook_event_type", facts.name.empty() ? facts.type : facts.name);
  } else {
    members.text("hook_event_type", hook_event_of(news.kind)).text("status", name_of(news.status));
    members.text("message", utf16_prefix(news.content, kMessageUnits));
    if (news.progress) members.json("progress", number(*news.progress));
    if (!news.step.empty()) members.json("step", as_text(news.step));
  }
  members.json("payload", entry.body).json("timestamp", std::to_string(ms_of(entry))).end();
  return out;
}

}  // namespace devs
