#include "orchestrator/agents/agent_requests.h"

#include <array>
#include <utility>

#include "protocol/ids.h"
#include "protocol/limits.h"

namespace devs {
namespace {

constexpr JsonBounds kTaskJson{kMaxTaskBody, 32, 50'000, kMaxTaskBody, 256, 64};
constexpr std::size_t kMaxModeBytes = 64;
constexpr std::string_view kIdGrammar = "must be 1 to 128 of A-Z a-z 0-9 . _ : @ -";

// Members of one object; the first that breaks its rule is `bad`.
class Members {
 public:
  Members(JsonView from, BadParameter& bad) : from_(from), bad_(bad) {}

  bool good() const { return bad_.field.empty(); }
  void refuse(std::string_view field, std::string_view message) {
    if (good()) bad_ = {field, message};
  }
  JsonView operator[](std::string_view name) const { return from_[name]; }

  // A text of at most `most` bytes; `otherwise` when it is not there, or null.
  std::string text(std::string_view name, std::size_t most, std::string_view message,
                   std::string otherwise = {}) {
    const JsonView value = from_[name];
    if (!value.present() || value.kind() == JsonView::Kind::null) return otherwise;
    auto words = value.string();
    if (!words || words->size() > most) {
      refuse(name, message);
      return otherwise;
    }
    return std::move(*words);
  }
  std::string id(std::string_view name, const std::function<std::string()>& otherwise) {
    const JsonView value = from_[name];
    if (!value.present() || value.kind() == JsonView::Kind::null) return otherwise();
    auto words = value.string();
    if (!words || !is_saop_id(*words)) {
      refuse(name, kIdGrammar);
      return {};
    }
    return std::move(*words);
  }
  // The text of an object of at most `most` bytes; empty when it is not there, or null.
  std::string object(std::string_view name, std::size_t most, std::string_view message) {
    const JsonView value = from_[name];
    if (!value.present() || value.kind() == JsonView::Kind::null) return {};
    if (!value.is_object() || value.text().size() > most) {
      refuse(name, message);
      return {};
    }
    return std::string(value.text());
  }
  // JSON text of a number or a text; empty when it is not there.
  std::string word(std::string_view name, std::string_view message) {
    const JsonView value = from_[name];
    if (!value.present() || value.kind() == JsonView::Kind::null) return {};
    const bool number = value.kind() == JsonView::Kind::number;
    if ((!number && !value.is_string()) || value.text().size() > kMaxIdBytes + 2) {
      refuse(name, message);
      return {};
    }
    return std::string(value.text());
  }
  std::optional<double> percent(std::string_view name, bool required) {
    const JsonView value = from_[name];
    if (!value.present() && !required) return std::nullopt;
    const auto number = value.number();
    if (!number || *number < 0 || *number > 100) {
      refuse(name, "must be a number from 0 to 100");
      return std::nullopt;
    }
    return number;
  }

 private:
  const JsonView from_;
  BadParameter& bad_;
};

// The object in `body`, as compact text; empty: `bad` says so.
std::string object_in(const std::string& body, BadParameter& bad) {
  Result<std::string> text = compact_json(body, kTaskJson);
  if (text.ok() && JsonView(*text).is_object()) return std::move(*text);
  bad = {"body", "must be a JSON object"};
  return {};
}

// What metadata says of who works on it, for the context of its events.
void take_context(AgentTaskCard& card, JsonView metadata) {
  const auto take = [&metadata](std::string_view name, std::string& to) {
    if (auto text = metadata[name].string(); text && text->size() <= kMaxIdBytes)
      to = std::move(*text);
  };
  take("planId", card.plan_id);
  take("deliverableId", card.deliverable_id);
  take("agentType", card.agent_type);
  take("provider", card.provider);
  take("model", card.model);
  card.sovereign = metadata["sovereignMode"].boolean();
}

constexpr std::string_view kMessageRule = "must be text of at most 8192 bytes";
constexpr std::string_view kObjectRule = "must be an object of at most 16384 bytes";
constexpr std::string_view kWordRule = "must be text or a number of at most 128 bytes";

AgentStep step_of(Members& members, bool required) {
  AgentStep step;
  step.progress = members.percent("progress", required);
  step.message = members.text("message", kMaxTaskMessage, kMessageRule);
  step.step = members.word("step", kWordRule);
  return step;
}

}  // namespace

std::optional<AgentTaskOrder> read_task(const std::string& body, std::string_view org,
                                        std::string_view agent,
                                        const std::function<std::string()>& new_id,
                                        std::string& rpc_id, BadParameter& bad) {
  const std::string text = object_in(body.empty() ? "{}" : body, bad);
  JsonView told(text);
  if (told["jsonrpc"].present()) {
    rpc_id = told["id"].text();
    if (rpc_id.empty() || rpc_id.size() > kMaxRpcIdBytes) rpc_id = "null";
    told = told["params"];
    if (!told.is_object()) bad = {"params", "must be an object"};
  }
  Members members(told, bad);
  if (!is_saop_id(org)) members.refuse("org", kIdGrammar);
  if (!is_saop_id(agent)) members.refuse("agent", kIdGrammar);
  AgentTaskOrder order;
  AgentTaskCard& card = order.card;
  card.org = org;
  card.agent = agent;
  card.id = members.id("taskId", new_id);
  card.conversation_id = members.id("conversationId", new_id);
  card.stream_id = members.id("streamId", [&card] { return card.id; });
  card.mode = members.text("mode", kMaxModeBytes, "must be text of at most 64 bytes", "converse");
  card.user_message =
      members.text("userMessage", kMaxUserMessage, "must be text of at most 16384 bytes");
  order.title = members.text("title", kMaxTaskTitle, "must be text of at most 1024 bytes");
  if (std::string metadata = members.object("metadata", kMaxTaskJson, kObjectRule);
      !metadata.empty())
    order.metadata = std::move(metadata);
  take_context(card, JsonView(order.metadata));
  if (members["tool"].present()) {
    card.is_call = true;
    order.tool = members.text("tool", kMaxToolNameBytes, "must be the name of a tool");
    if (order.tool.empty()) members.refuse("tool", "must be the name of a tool");
    if (std::string arguments = members.object("arguments", kMaxTaskBody, "must be an object");
        !arguments.empty())
      order.arguments = std::move(arguments);
  } else if (members["arguments"].present()) {
    members.refuse("arguments", "are of a tool, and none is named");
  }
  if (!members.good()) return std::nullopt;
  return order;
}

std::optional<AgentStep> read_progress(const std::string& body, BadParameter& bad) {
  const std::string text = object_in(body, bad);
  Members members(JsonView(text), bad);
  AgentStep step = step_of(members, true);
  if (!members.good()) return std::nullopt;
  return step;
}

std::optional<AgentTaskEnd> read_end(const std::string& body, BadParameter& bad) {
  const std::string text = object_in(body, bad);
  Members members(JsonView(text), bad);
  AgentTaskEnd end;
  const auto status = agent_task_status_of(members["status"].string().value_or(""));
  if (status == AgentTaskStatus::completed || status == AgentTaskStatus::failed)
    end.status = *status;
  else
    members.refuse("status", "must be completed or failed");
  const std::string_view result = members["result"].text();
  if (result.size() > kMaxTaskResult) members.refuse("result", "must be at most 65536 bytes");
  const JsonView error = members["error"];
  if (error.text().size() > kMaxTaskResult) members.refuse("error", "must be at most 65536 bytes");
  end.result = result;
  end.error = error.is_string() ? error.string().value_or("") : std::string(error.text());
  if (end.status == AgentTaskStatus::failed && end.error.empty()) end.error = "failed";
  if (!members.good()) return std::nullopt;
  return end;
}

std::optional<TaskEdit> read_edit(const std::string& body, BadParameter& bad) {
  const std::string text = object_in(body, bad);
  Members members(JsonView(text), bad);
  TaskEdit edit;
  if (members["title"].present())
    edit.title = members.text("title", kMaxTaskTitle, "must be text of at most 1024 bytes");
  if (members["metadata"].present()) {
    edit.metadata = members.object("metadata", kMaxTaskJson, kObjectRule);
    if (edit.metadata->empty()) edit.metadata = "{}";
  }
  if (!members.good()) return std::nullopt;
  return edit;
}

std::optional<std::string> read_stream_id(const std::string& body, BadParameter& bad) {
  const std::string text = object_in(body.empty() ? "{}" : body, bad);
  Members members(JsonView(text), bad);
  std::string id = members.id("streamId", [] { return std::string(); });
  if (!members.good()) return std::nullopt;
  return id;
}

std::optional<WebhookStatus> read_webhook(const std::string& body, BadParameter& bad) {
  const std::string text = object_in(body, bad);
  const JsonView told(text);
  Members members(told, bad);
  WebhookStatus status;
  status.task_id = members.id("taskId", [] { return std::string(); });
  if (status.task_id.empty()) members.refuse("taskId", "is missing");
  const JsonView context = members["context"];
  constexpr std::array<std::string_view, 10> kContext{
      "orgSlug",       "userId",    "conversationId", "taskId",   "planId",
      "deliverableId", "agentSlug", "agentType",      "provider", "model"};
  for (const std::string_view name : kContext)
    if (!context[name].is_string() || context[name].text().size() > kMaxIdBytes + 2)
      members.refuse("context", "is not whole");
  if (!context["taskId"].is(status.task_id)) members.refuse("context", "is of another task");
  status.org = context["orgSlug"].string().value_or("");
  status.agent = context["agentSlug"].string().value_or("");

  AgentStep& step = status.step;
  step = step_of(members, false);
  step.sequence = members.word("sequence", kWordRule);
  step.total_steps = members.word("totalSteps", kWordRule);
  step.payload = members.object("payload", kMaxTaskJson, kObjectRule);
  if (context.text().size() <= kMaxTaskJson) step.context = context.text();
  const std::string word = members["status"].string().value_or("");
  if (word.empty()) members.refuse("status", "is missing");
  const auto known = agent_task_status_of(word);
  if (known == AgentTaskStatus::hitl_waiting) step.status = *known;
  if (known && has_ended(*known))
    status.end = AgentTaskEnd{.status = *known, .result = {}, .error = step.message};
  if (known == AgentTaskStatus::completed) status.end->result = step.payload;
  if (known == AgentTaskStatus::failed && status.end->error.empty()) status.end->error = "failed";
  if (!members.good()) return std::nullopt;
  return status;
}

}  // namespace devs
