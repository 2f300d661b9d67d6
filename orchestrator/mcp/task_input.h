#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/calls/tool_call.h"

namespace devs {

// What a running task has asked its client, and what has been answered so far (MCP page
// 5.4).  A key is given once in the life of a task: a tool that asks under the same key
// again has it numbered for the client.
//
// A round is over when its last answer is in; answers may come one by one.  Confined to
// whoever owns the task.
class TaskInput {
 public:
  using Answers = CallRequest::Answers;

  // REQUIRES: !open(), and questions to ask.
  void ask(std::vector<ClientQuestion> questions, CallRequest::Asked asked);
  bool open() const { return !open_.empty(); }
  // How often it has asked.
  std::uint64_t round() const { return round_; }
  // `{"key":{"method":...,"params":...},...}` of what is not answered.
  std::string requests() const;

  // A round that is over: `asked` is to be called, not under any lock.
  struct Over {
    CallRequest::Asked asked;  // empty: it is not over
    Answers answers;           // by the tool's own keys
  };
  // Keys that are not open are ignored.
  Over answer(Answers answers);
  // Nobody will answer: its `asked`, empty when nothing is open.
  CallRequest::Asked give_up();

  // Questions that have not been handed out yet, under the client's keys; they count as
  // handed out from here on.
  std::vector<ClientQuestion> hand_out();
  // Whoever had them is gone: they are to be handed out again.
  void take_back();

 private:
  struct Question {
    ClientQuestion asks;
    bool handed_out = false;
  };
  std::map<std::string, Question> open_;  // by the client's key
  std::set<std::string> used_;            // client's keys
  std::uint64_t round_ = 0;
  Answers answers_;  // of this round
  CallRequest::Asked asked_;
};

}  // namespace devs
