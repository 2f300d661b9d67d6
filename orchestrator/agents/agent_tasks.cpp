#include "orchestrator/agents/agent_tasks.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "protocol/json.h"

namespace devs {
namespace {

using Kind = AgentDone::Kind;

// A tool may tell its progress a thousand times a second: the log hears this much of it.
constexpr std::chrono::milliseconds kProgressEvery{500};
constexpr std::size_t kMaxErrorWords = 4'096;

AgentDone refused(Status why) {
  return {Kind::refused, std::move(why)};
}

std::string words_of(const ToolOutcome& outcome) {
  if (outcome.fault) return outcome.fault->message;
  std::string words;
  JsonView(outcome.result)["content"].each_element([&](JsonView block) {
    if (auto text = block["text"].string()) words += (words.empty() ? "" : "\n") + *text;
  });
  if (words.empty()) words = name_of(outcome.status);
  return std::string(utf8_prefix(words, kMaxErrorWords));
}

AgentTaskEnd end_of(const CallAnswer& answer, const std::string& reason) {
  const ToolOutcome& outcome = answer.outcome;
  if (!answer.refused.ok())
    return {.status = AgentTaskStatus::failed, .result = {}, .error = answer.refused.message()};
  if (outcome.status == CallStatus::cancelled)
    return {.status = AgentTaskStatus::cancelled,
            .result = {},
            .error = reason.empty() ? "shutdown" : reason};
  if (outcome.status != CallStatus::success)
    return {.status = AgentTaskStatus::failed, .result = {}, .error = words_of(outcome)};
  AgentTaskEnd end;
  end.result = outcome.result.size() <= kMaxTaskResult
                   ? outcome.result
                   : "{\"truncated\":true,\"bytes\":" + std::to_string(outcome.result.size()) + '}';
  return end;
}

}  // namespace

AgentTasks::AgentTasks(AgentKeeper& keeper, TraceStreamBus& bus, StoredWaiters& waiters,
                       CallDesk& calls, const Clock& clock, Metrics& metrics)
    : keeper_(keeper),
      bus_(bus),
      waiters_(waiters),
      calls_(calls),
      clock_(clock),
      metrics_(metrics),
      started_(metrics.counter("agent_tasks_started_total")) {
}

Status AgentTasks::recover() {
  std::vector<Draft> ends;
  AgentTaskTable& table = keeper_.table();
  for (const std::string& id : table.ids([](const AgentTaskCard&card, const AgentTaskState&state) {
         return card.is_call && state.ended == 0;
       })) {
    if (table.claim_end(id) == AgentTaskTable::End::yours)
      ends.push_back(task_ended(*table.card(id), keeper_.epoch(),
                                {.status = AgentTaskStatus::failed,
                                 .result = {},
                                 .error = "The orchestrator stopped before the task ended."}));
  }
  if (ends.empty()) return {};
  const auto told = bus_.publish_all(std::move(ends));
  return told.ok() ? Status() : told.status();
}

void AgentTasks::create(AgentTaskOrder order, Told told) {
  auto card = std::make_shared<const AgentTaskCard>(order.card);
  std::string forgotten;
  switch (keeper_.table().claim(card, forgotten)) {
    case AgentTaskTable::Claim::taken:
      return told({Kind::conflict, {}});
    case AgentTaskTable::Claim::full:
      return told(refused(Status(Code::resource_exhausted, "too many tasks")));
    case AgentTaskTable::Claim::made:
      break;
  }
  keeper_.ask([this, card = std::move(card), order = std::move(order), told = std::move(told),
               forgotten = std::move(forgotten)](Result<AgentTaskStore*> store) mutable {
    const auto give_up = [&](Status why) {
      keeper_.table().drop(card->id);
      if (store.ok()) (void)(*store)->remove(card->id);
      told(refused(std::move(why)));
    };
    if (!store.ok()) return give_up(store.status());
    if (!forgotten.empty()) (void)(*store)->remove(forgotten);
    AgentTaskRow row{.card = *card,
                     .state = {},
                     .title = order.title,
                     .metadata = order.metadata,
                     .result = {},
                     .error = {}};
    if (Status added = (*store)->add(row); !added.ok()) return give_up(std::move(added));

    Draft draft = task_started(*card, keeper_.epoch(), order.title);
    Sequence begun = 0;
    if (card->is_call) {
      auto published = bus_.publish_and_reserve(std::move(draft));
      if (!published.ok()) return give_up(published.status());
      begun = published->first;
      MutexLock lock(mutex_);
      runs_[card->id].place = std::move(published->second);
    } else {
      const auto published = bus_.publish(std::move(draft));
      if (!published.ok()) return give_up(published.status());
      begun = *published;
    }
    waiters_.when_stored(begun, [this, card = std::move(card), order = std::move(order),
                                 told = std::move(told)](const Status& stored) mutable {
      if (!stored.ok()) {
        // Its maker hears that there is none; what the log may yet keep is nobody's.
        keeper_.table().drop(card->id);
        {
          MutexLock lock(mutex_);
          runs_.erase(card->id);
        }
        keeper_.ask([id = card->id](Result<AgentTaskStore*> again) {
          if (again.ok()) (void)(*again)->remove(id);
        });
        return told(refused(stored));
      }
      started_.add();
      told({});
      if (!card->is_call) return;
      keeper_.post([this, card = std::move(card), order = std::move(order)]() mutable {
        begin(card, std::move(order));
      });
    });
  });
}

void AgentTasks::begin(const AgentTaskCardPtr& card, AgentTaskOrder order) {
  {
    MutexLock lock(mutex_);
    const auto run = runs_.find(card->id);
    if (run == runs_.end()) return;  // cancelled before
    run->second.begun = true;
  }
  CallRequest request;
  request.params.name = std::move(order.tool);
  request.params.arguments = std::move(order.arguments);
  request.jsonrpc_id = json_string(card->id);  // by it a start after a crash knows its own calls
  request.params.context.task_id = card->id;
  request.params.context.agent_id = card->agent;
  request.params.context.session_id = card->conversation_id;
  request.principal = std::move(order.who);
  request.answer = [this, card](CallAnswer answer) { called(card, std::move(answer)); };
  request.progress = [this, card](std::string_view fields) { call_progress(card, fields); };
  const CallId call = calls_.begin(std::move(request));
  std::string reason;
  bool cancelled = false;
  {
    MutexLock lock(mutex_);
    const auto run = runs_.find(card->id);
    if (run == runs_.end()) return;  // answered
    run->second.call = call;
    cancelled = !run->second.waiting.empty();
    reason = run->second.reason;
  }
  if (cancelled) (void)calls_.cancel(call, "caller", reason);
}

void AgentTasks::called(const AgentTaskCardPtr& card, CallAnswer answer) {
  Run run;
  {
    MutexLock lock(mutex_);
    const auto at = runs_.find(card->id);
    if (at == runs_.end()) return;
    run = std::move(at->second);
    runs_.erase(at);
  }
  const AgentTaskEnd end = end_of(answer, run.reason);
  const bool cancelled = end.status == AgentTaskStatus::cancelled;
  // Whoever published the end of it in the meantime had the last word.
  if (keeper_.table().claim_end(card->id) != AgentTaskTable::End::yours) {
    for (Told& told : run.waiting) told({Kind::conflict, {}});
    return;
  }
  tell_end(*card, end, &run.place,
           [waiting = std::move(run.waiting), cancelled](const AgentDone& done) mutable {
             for (Told& told : waiting)
               told(cancelled || done.kind != Kind::done ? done : AgentDone{Kind::conflict, {}});
           });
}

void AgentTasks::call_progress(const AgentTaskCardPtr& card, std::string_view fields) {
  JsonView progress, total, message;
  JsonView(fields).pick({{"progress", &progress}, {"total", &total}, {"message", &message}});
  const TimePoint now = clock_.steady();
  {
    MutexLock lock(mutex_);
    const auto run = runs_.find(card->id);
    if (run == runs_.end()) return;
    if (run->second.told_at != TimePoint() && now - run->second.told_at < kProgressEvery) return;
    run->second.told_at = now;
  }
  AgentStep step;
  if (const double of = total.number().value_or(0); of > 0)
    step.progress = std::clamp(std::floor(progress.number().value_or(0) / of * 100), 0.0, 100.0);
  step.message = utf8_prefix(message.string().value_or(""), kMaxTaskMessage);
  // One that is not recorded is missing from the story, not from the result.
  (void)bus_.publish(task_progress(*card, keeper_.epoch(), step));
}

AgentTaskCardPtr AgentTasks::known(std::string_view id) {
  keeper_.follow();
  const auto glance = keeper_.table().glance(id);
  return glance && glance->state.begun != 0 && keeper_.is_readable(glance->state) ? glance->card
                                                                                  : nullptr;
}

void AgentTasks::progress(std::string_view id, const AgentStep& step, Told told) {
  const AgentTaskCardPtr card = known(id);
  if (!card) return told({Kind::unknown, {}});
  if (!keeper_.table().is_open(id)) return told({Kind::conflict, {}});
  const auto published = bus_.publish(task_progress(*card, keeper_.epoch(), step));
  if (!published.ok()) return told(refused(published.status()));
  when_stored(*published, std::move(told));
}

void AgentTasks::end(std::string_view id, const AgentTaskEnd& end, Told told) {
  AgentTaskTable& table = keeper_.table();
  const AgentTaskCardPtr card = known(id);
  if (!card) return told({Kind::unknown, {}});
  if (card->is_call || table.claim_end(id) != AgentTaskTable::End::yours)
    return told({Kind::conflict, {}});
  tell_end(*card, end, nullptr, std::move(told));
}

void AgentTasks::cancel(std::string_view id, std::string reason, Told told) {
  AgentTaskTable& table = keeper_.table();
  const AgentTaskCardPtr card = known(id);
  if (!card) return told({Kind::unknown, {}});
  Run run;
  CallId call = 0;
  {
    MutexLock lock(mutex_);
    const auto at = runs_.find(id);
    if (at != runs_.end() && at->second.begun) {
      if (at->second.waiting.empty()) at->second.reason = reason;
      at->second.waiting.push_back(std::move(told));
      call = at->second.call;
      if (call == 0) return;  // begin() finds it cancelled
    } else if (at != runs_.end()) {
      run = std::move(at->second);
      runs_.erase(at);
    }
  }
  // False: it is being answered, and called() tells what came of it.
  if (call != 0) return (void)calls_.cancel(call, "caller", reason);
  if (table.claim_end(id) != AgentTaskTable::End::yours) return told({Kind::conflict, {}});
  tell_end(*card, {.status = AgentTaskStatus::cancelled, .result = {}, .error = std::move(reason)},
           card->is_call ? &run.place : nullptr, std::move(told));
}

void AgentTasks::tell_end(const AgentTaskCard& card, const AgentTaskEnd& end,
                          TraceStreamBus::Reservation* place, Told told) {
  Draft draft = task_ended(card, keeper_.epoch(), end);
  const auto published = place != nullptr
                             ? bus_.publish_reserved(std::move(draft), std::move(*place))
                             : bus_.publish(std::move(draft));
  if (!published.ok()) {
    keeper_.table().release_end(card.id);
    return told(refused(published.status()));
  }
  metrics_.counter("agent_tasks_ended_total", "status=\"" + std::string(name_of(end.status)) + '"')
      .add();
  when_stored(*published, std::move(told));
}

void AgentTasks::when_stored(Sequence sequence, Told told) {
  waiters_.when_stored(sequence, [told = std::move(told)](const Status& stored) mutable {
    told(stored.ok() ? AgentDone{} : refused(stored));
  });
}

}  // namespace devs
