#include "orchestrator/agents/agent_routes.h"

#include <charconv>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "orchestrator/access/access.h"
#include "orchestrator/access/rate_limit.h"
#include "orchestrator/agents/agent_answers.h"
#include "orchestrator/agents/agent_requests.h"
#include "orchestrator/agents/observability_history.h"
#include "orchestrator/net/exchange.h"
#include "orchestrator/net/public_base.h"
#include "orchestrator/streams/stream_query.h"
#include "protocol/json.h"
#include "protocol/wall_time.h"
#include "trace/random.h"

namespace devs {
namespace {

using Sources = std::shared_ptr<const AgentSources>;
// A disk that has not taken an entry by then is refusing.
constexpr std::chrono::seconds kAnsweredWithin{30};
constexpr std::size_t kMostTasks = 500, kMostMessages = 1'000;

std::string param(const Exchange& exchange, std::string_view name) {
  const std::string* const value = exchange.head().param(name);
  return value != nullptr ? *value : std::string();
}

HttpAnswer not_found() {
  return error_answer(404, "NOT_FOUND", "task");
}

HttpAnswer try_again(std::string_view reason) {
  HttpAnswer answer = error_answer(503, "UNAVAILABLE", reason);
  answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

// The answer to what was asked of a task, when it was done.
HttpAnswer answer_of_done(const AgentDone& done, HttpAnswer when_done) {
  switch (done.kind) {
    case AgentDone::Kind::done:
      return when_done;
    case AgentDone::Kind::unknown:
      return not_found();
    case AgentDone::Kind::conflict:
      return error_answer(409, "CONFLICT", "task");
    case AgentDone::Kind::refused:
      break;
  }
  if (done.why.code() == Code::resource_exhausted) {
    HttpAnswer answer = error_answer(429, "TOO_MANY_TASKS", "task");
    answer.headers.emplace_back("Retry-After", "5");
    return answer;
  }
  return try_again("recorder");
}

// Answers `when_done` through `owed`, or what came instead; to a JSON-RPC request as such.
AgentTasks::Told telling(DeferredAnswer owed, HttpAnswer when_done, std::string rpc_id = {}) {
  return [owed = std::move(owed), when_done = std::move(when_done),
          rpc_id = std::move(rpc_id)](const AgentDone& done) mutable {
    std::move(owed).send(as_rpc(rpc_id, answer_of_done(done, std::move(when_done))));
  };
}

// The card of the task in the path that the caller may see; null: 404 has been answered.
AgentTaskCardPtr task_in(Exchange& exchange, const AgentSources& sources) {
  AgentTaskCardPtr card = sources.tasks.known(param(exchange, "taskId"));
  if (card && may_see(exchange.principal(), card->owner)) return card;
  exchange.respond(not_found());
  return nullptr;
}

bool is_on_path(const AgentTaskCard& card, const Exchange& exchange) {
  return card.org == param(exchange, "org") && card.agent == param(exchange, "agent");
}

std::size_t number_in(const RequestHead& head, std::string_view name, std::size_t otherwise,
                      std::size_t least, std::size_t most, BadParameter& bad) {
  const std::string* const text = head.query_param(name);
  if (text == nullptr) return otherwise;
  std::size_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error == std::errc() && stop == end && value >= least && value <= most) return value;
  if (bad.field.empty()) bad = {name, "is no number within its bounds"};
  return otherwise;
}

// --- what a task is made of and does

void create(const Sources& sources, Exchange& exchange) {
  BadParameter bad;
  std::string rpc_id;
  auto order = read_task(
      exchange.body(), param(exchange, "org"), param(exchange, "agent"),
      [&clock = sources->clock] { return new_uuid_v7(clock); }, rpc_id, bad);
  if (!order) return exchange.respond(as_rpc(rpc_id, bad_parameter(bad)));
  order->who = exchange.principal();
  order->card.owner = exchange.principal().name;
  order->card.created_ms = sources->keeper.now_ms();
  HttpAnswer made = json_answer(
      201, created_json(order->card, public_base(exchange.head(), sources->trusted_proxies)));
  sources->tasks.create(std::move(*order), telling(exchange.defer(kAnsweredWithin), std::move(made),
                                                   std::move(rpc_id)));
}

void complete(const Sources& sources, Exchange& exchange) {
  BadParameter bad;
  const auto end = read_end(exchange.body(), bad);
  if (!end) return exchange.respond(bad_parameter(bad));
  const AgentTaskCardPtr card = task_in(exchange, *sources);
  if (!card) return;
  if (!is_on_path(*card, exchange)) return exchange.respond(not_found());
  sources->tasks.end(card->id, *end,
                     telling(exchange.defer(kAnsweredWithin),
                             json_answer(200, R"({"success":true,"message":"Task completed"})")));
}

void stream_token(const Sources& sources, Exchange& exchange) {
  const AgentTaskCardPtr card = task_in(exchange, *sources);
  if (!card) return;
  if (!is_on_path(*card, exchange)) return exchange.respond(unauthorized("stream_token_scope"));
  BadParameter bad;
  const auto stream = read_stream_id(exchange.body(), bad);
  if (!stream) return exchange.respond(bad_parameter(bad));
  if (!stream->empty() && *stream != card->stream_id)
    return exchange.respond(bad_parameter({"streamId", "is not the task's"}));
  TaskClaims claims{.task = card->id,
                    .agent = card->agent,
                    .organization = card->org,
                    .stream = card->stream_id,
                    .conversation = card->conversation_id};
  if (card->org == "global") claims.organization.reset();
  auto told = sources->tokens.make(exchange.principal(), {"task:" + card->id}, std::nullopt,
                                   std::move(claims));
  if (const auto* wait = std::get_if<Duration>(&told))
    return exchange.respond(rate_limited(sources->tokens.options().rate, *wait));
  const auto& made = std::get<StreamTokens::Made>(told);
  HttpAnswer answer =
      json_answer(201, R"({"success":true,"token":")" + made.token + R"(","expiresAt":")" +
                           iso_of_ms(made.expires_s * 1000) + "\"}");
  answer.headers.emplace_back("Cache-Control", "no-store");
  exchange.respond(std::move(answer));
}

void health(const Sources& sources, Exchange& exchange) {
  exchange.respond(json_answer(200, R"({"ok":true,"service":"mcp-orchestrator","organization":)" +
                                        json_string(param(exchange, "org")) + R"(,"agent":)" +
                                        json_string(param(exchange, "agent")) +
                                        R"(,"timestamp":")" + iso_of_ms(sources->keeper.now_ms()) +
                                        "\"}"));
}

void progress(const Sources& sources, Exchange& exchange) {
  BadParameter bad;
  const auto step = read_progress(exchange.body(), bad);
  if (!step) return exchange.respond(bad_parameter(bad));
  const AgentTaskCardPtr card = task_in(exchange, *sources);
  if (!card) return;
  sources->tasks.progress(
      card->id, *step,
      telling(exchange.defer(kAnsweredWithin), json_answer(200, R"({"success":true})")));
}

void cancel(const Sources& sources, Exchange& exchange) {
  const AgentTaskCardPtr card = task_in(exchange, *sources);
  if (!card) return;
  sources->tasks.cancel(
      card->id, "cancelled by the user",
      telling(exchange.defer(kAnsweredWithin),
              json_answer(200, R"({"success":true,"message":"Task cancelled"})")));
}

// Always 204: what sends webhooks cannot do anything about the answer.
void webhook(const Sources& sources, Exchange& exchange) {
  BadParameter bad;
  const auto told = read_webhook(exchange.body(), bad);
  std::string_view why = bad.message;
  AgentTaskCardPtr card;
  if (told) {
    card = sources->tasks.known(told->task_id);
    if (!card || !may_see(exchange.principal(), card->owner))
      why = "names no task";
    else if (card->org != told->org || card->agent != told->agent)
      why = "is of another agent";
  }
  if (!why.empty()) {
    sources->metrics.counter("agent_webhooks_dropped_total").add();
    sources->log.warn("webhook_dropped",
                      {{"field", std::string(bad.field)}, {"reason", std::string(why)}});
    return exchange.respond({.status = 204});
  }
  AgentTasks::Told answer = [owed = exchange.defer(kAnsweredWithin),
                             &log = sources->log](const AgentDone& done) mutable {
    if (done.kind != AgentDone::Kind::done) log.warn("webhook_dropped", {{"reason", "task"}});
    std::move(owed).send({.status = 204});
  };
  if (!told->end) return sources->tasks.progress(card->id, told->step, std::move(answer));
  if (told->end->status == AgentTaskStatus::cancelled)
    return sources->tasks.cancel(card->id, told->end->error, std::move(answer));
  sources->tasks.end(card->id, *told->end, std::move(answer));
}

// --- questions to the store

// `answer` runs on the store's worker.
using Answer = std::function<Result<HttpAnswer>(AgentTaskStore&)>;
void ask(const Sources& sources, Exchange& exchange, Answer answer) {
  sources->keeper.ask([answer = std::move(answer), owed = exchange.defer(kAnsweredWithin)](
                          Result<AgentTaskStore*> store) mutable {
    if (!store.ok()) return std::move(owed).send(try_again("store"));
    Result<HttpAnswer> told = answer(**store);
    std::move(owed).send(told.ok() ? std::move(*told) : try_again("store"));
  });
}

// Of the task in the path that the caller may see.
using OfTask = std::function<Result<HttpAnswer>(AgentTaskStore&, const AgentTaskRow&)>;
void ask_task(const Sources& sources, Exchange& exchange, OfTask answer) {
  ask(sources, exchange,
      [sources, id = param(exchange, "taskId"), who = exchange.principal(),
       answer = std::move(answer)](AgentTaskStore& store) -> Result<HttpAnswer> {
        auto task = store.find(id);
        if (!task.ok()) return task.status();
        if (!*task || !may_see(who, (*task)->card.owner) ||
            !sources->keeper.is_readable((*task)->state))
          return not_found();
        return answer(store, **task);
      });
}

void show(const Sources& sources, Exchange& exchange) {
  ask_task(sources, exchange, [](AgentTaskStore&, const AgentTaskRow& task) -> Result<HttpAnswer> {
    return json_answer(200, task_json(task));
  });
}

void show_status(const Sources& sources, Exchange& exchange) {
  ask_task(sources, exchange, [](AgentTaskStore&, const AgentTaskRow& task) -> Result<HttpAnswer> {
    return json_answer(200, task_status_json(task));
  });
}

void edit(const Sources& sources, Exchange& exchange) {
  BadParameter bad;
  const auto wanted = read_edit(exchange.body(), bad);
  if (!wanted) return exchange.respond(bad_parameter(bad));
  ask_task(sources, exchange,
           [edit = *wanted](AgentTaskStore& store, const AgentTaskRow& task) -> Result<HttpAnswer> {
             const auto text = [](const std::optional<std::string>& value) {
               return value ? &*value : nullptr;
             };
             const Status done = store.edit(task.card.id, text(edit.title), text(edit.metadata));
             if (!done.ok()) return done;
             auto now = store.find(task.card.id);
             if (!now.ok()) return now.status();
             return *now ? json_answer(200, task_json(**now)) : not_found();
           });
}

void messages(const Sources& sources, Exchange& exchange) {
  BadParameter bad;
  const std::size_t limit = number_in(exchange.head(), "limit", 100, 1, kMostMessages, bad);
  Sequence since = 0;
  if (const std::string* const text = exchange.head().query_param("since");
      text != nullptr && !text->empty()) {
    const Result<EventId> id = decode_event_id(*text);
    if (!id.ok() || id->epoch != sources->keeper.epoch())
      bad = {"since", "is no event id of this log"};
    else
      since = id->sequence;
  }
  if (!bad.field.empty()) return exchange.respond(bad_parameter(bad));
  ask_task(sources, exchange,
           [sources, since, limit](AgentTaskStore& store,
                                   const AgentTaskRow& task) -> Result<HttpAnswer> {
             const auto found =
                 store.messages(task.card.id, since, limit, sources->keeper.now_ms());
             if (!found.ok()) return found.status();
             return json_answer(200, messages_json(*found, sources->keeper.epoch()));
           });
}

void list(const Sources& sources, Exchange& exchange, std::vector<AgentTaskStatus> statuses) {
  BadParameter bad;
  const RequestHead& head = exchange.head();
  AgentTaskStore::Listing wanted{.owner = sees_only(exchange.principal()),
                                 .statuses = std::move(statuses)};
  wanted.limit = number_in(head, "limit", 50, 1, kMostTasks, bad);
  wanted.offset = number_in(head, "offset", 0, 0, AgentTaskTable::kMax, bad);
  if (const std::string* const status = head.query_param("status");
      status != nullptr && wanted.statuses.empty()) {
    if (const auto known = agent_task_status_of(*status))
      wanted.statuses.push_back(*known);
    else
      bad = {"status", "must be pending, running, completed, failed, cancelled or hitl_waiting"};
  }
  if (!bad.field.empty()) return exchange.respond(bad_parameter(bad));
  ask(sources, exchange, [wanted](AgentTaskStore& store) -> Result<HttpAnswer> {
    const auto page = store.list(wanted);
    if (!page.ok()) return page.status();
    return json_answer(200, task_list_json(*page, wanted.limit, wanted.offset));
  });
}

void metrics(const Sources& sources, Exchange& exchange) {
  ask(sources, exchange,
      [owner = sees_only(exchange.principal())](AgentTaskStore& store) -> Result<HttpAnswer> {
        const auto counts = store.counts(owner);
        if (!counts.ok()) return counts.status();
        return json_answer(200, task_metrics_json(*counts));
      });
}

void history(const Sources& sources, Exchange& exchange) {
  BadParameter bad;
  const auto wanted =
      read_history(exchange.head(), sees_only(exchange.principal()), sources->keeper.now_ms(), bad);
  if (!wanted) return exchange.respond(bad_parameter(bad));
  auto owed = std::make_shared<DeferredAnswer>(exchange.defer(kAnsweredWithin));
  const Status taken = sources->workers.try_submit([sources, wanted = *wanted, owed] {
    std::move(*owed).send(
        json_answer(200, history_json(wanted, sources->stored, sources->keeper.table())));
  });
  if (!taken.ok()) std::move(*owed).send(try_again("queries_busy"));
}

}  // namespace

Status add_agent_routes(RouteTable& routes, AgentSources given) {
  const auto sources = std::make_shared<const AgentSources>(std::move(given));
  sources->metrics.counter("agent_webhooks_dropped_total");  // there from the start
  using Do = void (*)(const Sources&, Exchange&);
  struct Row {
    Method method;
    const char* pattern;
    Do act;
    std::size_t max_body = 0;
    bool body_optional = false;
  };
  constexpr std::size_t kSmall = 256 * 1024;  // what the bounds of the members leave
  constexpr const char* kTasks = "/agent-to-agent/{org}/{agent}/tasks";
  constexpr Row kRows[] = {
      {Method::post, kTasks, &create, kMaxTaskBody, true},
      {Method::post, "/agent-to-agent/{org}/{agent}/tasks/{taskId}/stream-token", &stream_token,
       kSmall, true},
      {Method::post, "/agent-to-agent/{org}/{agent}/tasks/{taskId}/complete", &complete, kSmall},
      {Method::get, "/agent-to-agent/{org}/{agent}/health", &health},
      {Method::get, "/tasks/metrics", &metrics},
      {Method::get, "/tasks/{taskId}", &show},
      {Method::put, "/tasks/{taskId}", &edit, kSmall},
      {Method::del, "/tasks/{taskId}", &cancel},
      {Method::get, "/tasks/{taskId}/status", &show_status},
      {Method::get, "/tasks/{taskId}/messages", &messages},
      {Method::put, "/tasks/{taskId}/progress", &progress, kSmall},
      {Method::post, "/webhooks/status", &webhook, kSmall},
      {Method::get, "/observability/history", &history}};
  for (const Row& row : kRows) {
    Route route;
    route.method = row.method;
    route.pattern = row.pattern;
    route.handler = [sources, act = row.act](Exchange& exchange) { act(sources, exchange); };
    route.max_body = row.max_body;
    route.body_optional = row.body_optional;
    if (row.max_body > 0) route.content_types = {"application/json"};
    if (Status added = routes.add(std::move(route)); !added.ok()) return added;
  }
  for (const bool active : {false, true}) {
    Route route;
    route.pattern = active ? "/tasks/active" : "/tasks";
    route.handler = [sources, active](Exchange& exchange) {
      using enum AgentTaskStatus;
      list(sources, exchange,
           active ? std::vector{pending, running, hitl_waiting} : std::vector<AgentTaskStatus>());
    };
    if (Status added = routes.add(std::move(route)); !added.ok()) return added;
  }
  return {};
}

}  // namespace devs
