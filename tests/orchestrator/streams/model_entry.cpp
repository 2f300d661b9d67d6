#include "tests/orchestrator/streams/model_entry.h"

#include <algorithm>

namespace devs {
namespace {

std::string member(const std::string& name, const std::string& text) {
  return text.empty() ? "" : ",\"" + name + "\":\"" + text + '"';
}

bool admits(const std::set<std::string>& wanted, const std::string& fact) {
  return wanted.empty() || wanted.contains(fact);
}
bool admits(const std::string& wanted, const std::string& fact) {
  return wanted.empty() || wanted == fact;
}

}  // namespace

std::string ModelEntry::body() const {
  std::string text = member("type", type) + member("number", number);
  if (!type_first) text = member("number", number) + member("type", type);
  text[0] = '{';
  if (stamped) text += R"(,"timestamp_ns":"1795224245120000000")";
  text += member(older_spelling ? "taskId" : "task_id", task);
  text += member(older_spelling ? "sessionId" : "session_id", session);
  text += member(older_spelling ? "agentId" : "agent_id", agent);
  if (duration_ms) text += ",\"duration_ms\":" + std::to_string(*duration_ms);
  text += member("padding", std::string(padding, '.'));
  if (type == "thought") text += R"(,"payload":{"content":")" + words + "\"}";
  if (type == "action")
    text += R"(,"payload":{"tool_call":{"tool_name":")" + tool + R"(","arguments":{"say":")" +
            words + "\"}}}";
  if (type == "observation") {
    text += member("stdout", words);
    // Either place may tell what was observed.
    std::string facts = member("tool_name", tool) + member("status", status);
    if (facts.empty()) facts = ",";
    facts[0] = '{';
    if (facts == "{") facts = "{\"tool_name\":null";
    text += older_spelling ? ",\"payload\":{\"observation\":" + facts + "}}"
                           : ",\"metadata\":" + facts + '}';
  }
  if (!event.empty()) text += R"(,"payload":{"event":")" + event + "\"}";
  return text + '}';
}

std::string ModelEntry::event_name() const {
  if (event.empty()) return "message";
  return type == "hitl" && event == "HITL_BLOCK" ? "HITL_GATE_REQUIRED" : event;
}

std::optional<std::string> ModelEntry::console() const {
  if (type == "hitl") return body();
  std::string colour, icon, summary = words;
  if (type == "thought") {
    colour = "#A8D8EA";
    icon = "\xF0\x9F\x92\xAD";
  } else if (type == "action") {
    colour = "#F9E4B7";
    icon = "\xE2\x9A\xA1";
    summary = tool + R"(({\"say\":\")" + words + R"(\"}))";
  } else if (type == "observation") {
    colour = "#B7F9C3";
    icon = "\xF0\x9F\x91\x81\xEF\xB8\x8F";
  } else {
    return std::nullopt;
  }
  if (!stamped) return std::nullopt;
  std::string text = body();
  text.pop_back();
  return text + R"(,"semantic_class":")" + type + R"(","highlight_color":")" + colour +
         R"(","display":{"summary":")" + summary + R"(","icon":")" + icon + "\"}}";
}

bool ModelEntry::is_on(const std::string& topic) const {
  if ((',' + carried + ',').find(',' + topic + ',') != std::string::npos) return true;
  if (type == "graph" || type == "channel") return topic == type && type == "graph";
  const auto is_id = [&topic](const char* kind, const std::string& id) {
    return !id.empty() && topic == kind + id;
  };
  return topic == "all" || is_id("task:", task) || is_id("session:", session) ||
         is_id("agent:", agent);
}

bool ModelWish::wants(const ModelEntry& entry, const std::set<std::string>& on) const {
  return admits(task, entry.task) && admits(session, entry.session) && admits(agent, entry.agent) &&
         admits(types, entry.type) && admits(tools, entry.tool) && admits(agents, entry.agent) &&
         admits(sessions, entry.session) && admits(statuses, entry.status) &&
         (!min_duration_ms || (entry.duration_ms && *entry.duration_ms >= *min_duration_ms)) &&
         std::any_of(on.begin(), on.end(),
                     [&entry](const std::string& topic) { return entry.is_on(topic); }) &&
         (!console || entry.console());
}

ModelEntry any_entry(Dice& dice, std::string number, bool carries, bool fat) {
  ModelEntry entry;
  entry.type = dice.once_in(2) ? kModelTypes[dice.below(3)] : dice.one_of(kModelTypes);
  entry.number = std::move(number);
  entry.words = "words " + std::to_string(dice.below(1000));
  for (std::string* const id : {&entry.task, &entry.session, &entry.agent})
    if (dice.once_in(2)) *id = dice.one_of(kModelIds);
  if (entry.type == "action") entry.tool = dice.one_of(kModelTools);
  if (entry.type == "observation") {
    if (!dice.once_in(4)) entry.tool = dice.one_of(kModelTools);
    if (!dice.once_in(4)) entry.status = dice.one_of(kModelStatuses);
    if (!dice.once_in(4)) entry.duration_ms = static_cast<unsigned>(dice.below(20));
  }
  if (entry.type == "hitl") entry.event = dice.once_in(2) ? "HITL_BLOCK" : "HITL_GATE_RESOLVED";
  if (entry.type == "lifecycle") entry.event = "TASK_STARTED";
  if (entry.type == "system" && dice.once_in(2)) entry.event = "disk_mended";
  entry.stamped = !dice.once_in(8);
  entry.older_spelling = dice.once_in(4);
  entry.type_first = !dice.once_in(4);
  if (dice.once_in(3)) entry.padding = dice.below(200);
  if (fat && dice.once_in(3)) entry.padding = 1000 + dice.below(4000);
  if (carries && (entry.type == "channel" || dice.once_in(10)))
    entry.carried = "owner:u1,channel:debates/" + kModelIds[dice.below(2)];
  return entry;
}

std::vector<std::string> any_topics(Dice& dice, bool uuids) {
  static const std::vector<std::string> kForms{
      "all", "all", "task:", "session:", "agent:", "graph", "channel:debates/"};
  std::set<std::string> topics;
  for (std::size_t n = 1 + dice.below(4); n > 0; --n) {
    std::string topic = dice.one_of(kForms);
    if (topic.back() == ':') topic += uuids ? kModelIds.back() : dice.one_of(kModelIds);
    if (topic.back() == '/') topic += kModelIds[dice.below(2)];
    topics.insert(topic);
  }
  return {topics.begin(), topics.end()};
}

}  // namespace devs
