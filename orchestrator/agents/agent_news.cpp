#include "orchestrator/agents/agent_news.h"

#include <algorithm>
#include <array>
#include <utility>

#include "orchestrator/streams/console.h"
#include "protocol/json.h"

namespace devs {
namespace {

using Kind = AgentNews::Kind;

struct Named {
  std::string_view name;
  Kind kind;
  AgentTaskStatus status;
};
constexpr std::array<Named, 8> kNamed{{
    {"TASK_STARTED", Kind::started, AgentTaskStatus::running},
    {"TASK_PROGRESS", Kind::progress, AgentTaskStatus::running},
    {"TASK_INPUT_REQUIRED", Kind::gate, AgentTaskStatus::hitl_waiting},
    {"HITL_GATE_REQUIRED", Kind::gate, AgentTaskStatus::hitl_waiting},
    {"HITL_GATE_RESOLVED", Kind::gate, AgentTaskStatus::running},
    {"TASK_COMPLETED", Kind::completed, AgentTaskStatus::completed},
    {"TASK_FAILED", Kind::failed, AgentTaskStatus::failed},
    {"TASK_CANCELLED", Kind::cancelled, AgentTaskStatus::cancelled},
}};

// A text as it is, anything else as it is written.
std::string words_of(JsonView value) {
  if (auto text = value.string()) return std::move(*text);
  return std::string(value.text());
}

std::string cut(std::string text, std::size_t bytes) {
  if (text.size() > bytes) text.resize(utf8_prefix(text, bytes).size());
  return text;
}

AgentNews of_event(const Named& named, JsonView payload) {
  AgentNews news;
  news.kind = named.kind;
  news.status = named.status;
  JsonView status, progress, message, step, sequence, steps, more, context, result, error, title,
      reason, resolution;
  payload.pick({{"status", &status},
                {"progress", &progress},
                {"message", &message},
                {"step", &step},
                {"sequence", &sequence},
                {"total_steps", &steps},
                {"payload", &more},
                {"context", &context},
                {"result", &result},
                {"error", &error},
                {"title", &title},
                {"reason", &reason},
                {"resolution", &resolution}});
  // Only the name of the entry ends a task.
  if (named.kind == Kind::started || named.kind == Kind::progress)
    if (const auto told = agent_task_status_of(status.string().value_or(""));
        told && !has_ended(*told))
      news.status = *told;
  if (const auto number = progress.number()) news.progress = std::clamp(*number, 0.0, 100.0);
  news.message = message.string();
  news.step = step.text();
  news.sequence = sequence.text();
  news.total_steps = steps.text();
  if (more.is_object()) news.payload = more.text();
  if (context.is_object()) news.context = context.text();
  switch (named.kind) {
    case Kind::started:
      news.progress = news.progress.value_or(0);
      news.content = words_of(title);
      break;
    case Kind::completed:
      news.progress = 100;
      news.result = result.text();
      news.content = words_of(result);
      break;
    case Kind::failed:
      news.error = words_of(error);
      news.content = news.error;
      break;
    case Kind::cancelled:
      news.error = "cancelled";
      news.content = reason.is_string() ? words_of(reason) : news.error;
      break;
    case Kind::gate:
      news.content = words_of(message.present() ? message : reason.present() ? reason : resolution);
      break;
    default:
      news.content = news.message.value_or("");
  }
  news.content = cut(std::move(news.content), kMaxChunkContent);
  return news;
}

std::string output_of(const EntryView& entry) {
  JsonView encoding, out, err;
  JsonView(entry.body).pick({{"encoding", &encoding}, {"stdout", &out}, {"stderr", &err}});
  if (encoding.is("base64")) return console_summary("observation", entry.body);
  for (const JsonView text : {out, err})
    if (text.is_string() && text.text().size() > 2)
      return cut(text.string().value_or(""), kMaxChunkContent);
  return console_summary("observation", entry.body);  // a host's, that says it elsewhere
}

}  // namespace

AgentNews agent_news_of(const EntryView& entry) {
  const EnvelopeFacts& facts = entry.facts;
  if (facts.type == "lifecycle" || facts.type == "hitl") {
    for (const Named& named : kNamed)
      if (named.name == facts.name) return of_event(named, JsonView(entry.body)["payload"]);
    return {};
  }
  AgentNews news;
  if (facts.type == "thought") {
    news.kind = Kind::thought;
    news.step = "\"thought\"";
    news.content = console_summary("thought", entry.body);
  } else if (facts.type == "action") {
    news.kind = Kind::action;
    news.step = json_string(facts.tool);
    news.content = console_summary("action", entry.body);
  } else if (facts.type == "observation") {
    news.kind = Kind::observation;
    news.step = json_string(facts.tool);
    news.content = output_of(entry);
    news.went_wrong = !facts.status.empty() && facts.status != "SUCCESS";
  }
  return news;
}

std::string_view hook_event_of(Kind kind) {
  switch (kind) {
    case Kind::started:
      return "agent.started";
    case Kind::completed:
      return "task.completed";
    case Kind::failed:
    case Kind::cancelled:
      return "task.failed";
    default:
      return "agent.progress";
  }
}

std::string_view message_type_of(const AgentNews& news) {
  switch (news.kind) {
    case Kind::progress:
      return "progress";
    case Kind::failed:
      return "error";
    case Kind::cancelled:
      return "warning";
    case Kind::observation:
      return news.went_wrong ? "warning" : "info";
    case Kind::thought:
    case Kind::action:
      return "info";
    default:
      return "status";
  }
}

}  // namespace devs
