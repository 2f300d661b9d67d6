#include "orchestrator/mcp/host_requests.h"

#include <utility>

#include "protocol/json.h"
#include "trace/random.h"

namespace devs {
namespace {

// Ids that are their question's key are remembered up to here; later ones are numbered,
// which needs no memory.
constexpr std::size_t kMaxNamedIds = 256;
constexpr std::size_t kMaxNamedIdBytes = 64;

Status no_answer(std::string_view method, JsonView error) {
  std::string why = "The client did not answer " + std::string(method);
  if (auto message = error["message"].string()) why += ": " + *message;
  return Status(Code::permission_denied, why);
}

// A page to visit has an id in this era (2025-11-25): one no other request of ours has.
void add_elicitation_id(std::string& params) {
  const JsonView view(params);
  if (!view["mode"].is("url") || view["elicitationId"].present()) return;
  params.insert(params.size() - 1, R"(,"elicitationId":")" + random_hex(16) + '"');
}

}  // namespace

// The key itself where it may be one, so that it is recognised on the wire.
std::string HostRequests::new_id(const std::string& key) {
  if (!key.empty() && key.size() <= kMaxNamedIdBytes && used_.size() < kMaxNamedIds &&
      used_.insert(key).second) {
    return key;
  }
  std::string id;
  do {
    id = key.substr(0, kMaxNamedIdBytes) + "-" + std::to_string(++last_);
  } while (used_.contains(id));
  return id;
}

void HostRequests::ask(const void* owner, std::vector<ClientQuestion> questions, const Send& send,
                       CallRequest::Asked asked) {
  auto round = std::make_shared<Round>();
  round->owner = owner;
  round->asked = std::move(asked);
  round->owed = questions.size();
  std::vector<std::string> messages;
  Status refused;
  {
    MutexLock lock(mutex_);
    if (closed_) {
      refused = Status(Code::cancelled, "the session has ended");
    } else if (waiting_.size() + questions.size() > kMaxWaiting) {
      refused = Status(Code::resource_exhausted, "The client owes too many answers already.");
    }
    for (ClientQuestion& question : questions) {
      if (!refused.ok()) break;
      const std::string id = json_string(new_id(question.key));
      if (question.method == "elicitation/create") add_elicitation_id(question.params);
      messages.push_back(encode_rpc_request(id, question.method, question.params));
      waiting_.emplace(id, Waiting{round, std::move(question.key), std::move(question.method)});
    }
  }
  if (!refused.ok()) return end_round(round, refused);
  for (const std::string& message : messages) {
    if (send(message)) continue;
    return end_round(round, Status(Code::unavailable,
                                   "The client has no stream on which it can be asked: it has to "
                                   "accept text/event-stream, or hold a GET stream open."));
  }
}

void HostRequests::withdraw(const void* owner, const Send& send) {
  std::vector<std::string> ids;
  std::set<std::shared_ptr<Round>> rounds;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, waiting] : waiting_) {
      if (waiting.round->owner != owner) continue;
      ids.push_back(id);
      rounds.insert(waiting.round);
    }
  }
  for (const auto& round : rounds) end_round(round, Status(Code::cancelled, "the call has ended"));
  for (const std::string& id : ids)
    send(encode_rpc_notification("notifications/cancelled",
                                 "{\"requestId\":" + id + R"(,"reason":"the call has ended"})"));
}

bool HostRequests::answer(const RpcMessage& response) {
  std::shared_ptr<Round> round;
  Status why;
  {
    MutexLock lock(mutex_);
    const auto found = waiting_.find(response.id);
    if (found == waiting_.end()) return false;
    const Waiting waiting = std::move(found->second);
    waiting_.erase(found);
    round = waiting.round;
    if (!round->asked) return true;
    if (response.result.is_object()) {
      round->answers.insert_or_assign(waiting.key, response.result.text());
    } else if (waiting.method == "elicitation/create") {
      round->answers.insert_or_assign(waiting.key, R"({"action":"cancel"})");
    } else {
      why = no_answer(waiting.method, response.error);
    }
    if (--round->owed > 0 && why.ok()) return true;
  }
  end_round(round, why);
  return true;
}

void HostRequests::end_round(const std::shared_ptr<Round>& round, const Status& why) {
  CallRequest::Asked asked;
  CallRequest::Answers answers;
  {
    MutexLock lock(mutex_);
    std::erase_if(waiting_, [&round](const auto& each) { return each.second.round == round; });
    asked = std::exchange(round->asked, CallRequest::Asked());
    answers = std::move(round->answers);
  }
  if (!asked) return;
  if (why.ok()) {
    asked(std::move(answers));
  } else {
    asked(why);
  }
}

void HostRequests::close(const Status& why) {
  std::set<std::shared_ptr<Round>> rounds;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    for (const auto& [id, waiting] : waiting_) rounds.insert(waiting.round);
  }
  for (const auto& round : rounds) end_round(round, why);
}

std::size_t HostRequests::waiting() const {
  MutexLock lock(mutex_);
  return waiting_.size();
}

}  // namespace devs
