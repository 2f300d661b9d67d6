#include "orchestrator/mcp/task_input.h"

#include <utility>

#include "protocol/json.h"

namespace devs {

void TaskInput::ask(std::vector<ClientQuestion> questions, CallRequest::Asked asked) {
  ++round_;
  asked_ = std::move(asked);
  answers_.clear();
  for (ClientQuestion& question : questions) {
    std::string key = question.key;
    for (std::size_t n = 2; !used_.insert(key).second; ++n)
      key = question.key + "-" + std::to_string(n);
    open_.emplace(std::move(key), Question{.asks = std::move(question)});
  }
}

std::string TaskInput::requests() const {
  std::string out = "{";
  for (const auto& [key, question] : open_) {
    if (out.size() > 1) out += ',';
    append_json_string(out, key);
    out += ":{\"method\":" + json_string(question.asks.method) +
           ",\"params\":" + question.asks.params + '}';
  }
  return out + '}';
}

TaskInput::Over TaskInput::answer(Answers answers) {
  Over over;
  if (!open()) return over;
  for (auto& [key, answer] : answers) {
    const auto found = open_.find(key);
    if (found == open_.end()) continue;
    answers_.insert_or_assign(std::move(found->second.asks.key), std::move(answer));
    open_.erase(found);
  }
  if (open()) return over;
  over.asked = std::move(asked_);
  over.answers = std::move(answers_);
  return over;
}

CallRequest::Asked TaskInput::give_up() {
  open_.clear();
  return std::move(asked_);
}

std::vector<ClientQuestion> TaskInput::hand_out() {
  std::vector<ClientQuestion> out;
  for (auto& [key, question] : open_) {
    if (std::exchange(question.handed_out, true)) continue;
    out.push_back({key, question.asks.method, question.asks.params});
  }
  return out;
}

void TaskInput::take_back() {
  for (auto& [key, question] : open_) question.handed_out = false;
}

}  // namespace devs
