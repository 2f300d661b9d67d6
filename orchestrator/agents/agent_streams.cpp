#include "orchestrator/agents/agent_streams.h"

#include <algorithm>
#include <string>
#include <utility>

#include "orchestrator/agents/agent_frames.h"
#include "orchestrator/streams/stream_query.h"
#include "protocol/sse_frame.h"

namespace devs {
namespace {

class AgentProjection final : public Projection {
 public:
  explicit AgentProjection(const AgentTaskTable& tasks) : tasks_(tasks) {}
  std::string_view name() const override { return "agent"; }
  void append(const EntryView& entry, std::string_view id, std::string& out) const override {
    append_agent_frames(out, tasks_.card_of(entry).get(), entry, id);
  }
  bool shows(const EntryView& entry, std::string_view) const override {
    return agent_news_of(entry).kind != AgentNews::Kind::none;
  }

 private:
  const AgentTaskTable& tasks_;
};

class TaskProgressProjection final : public Projection {
 public:
  std::string_view name() const override { return "task_progress"; }
  void append(const EntryView& entry, std::string_view id, std::string& out) const override {
    append_progress_frame(out, entry, id);
  }
  bool shows(const EntryView& entry, std::string_view id) const override {
    std::string frame;
    append_progress_frame(frame, entry, id);
    return !frame.empty();
  }
};

class AdminProjection final : public Projection {
 public:
  explicit AdminProjection(const AgentTaskTable& tasks) : tasks_(tasks) {}
  std::string_view name() const override { return "admin"; }
  void append(const EntryView& entry, std::string_view id, std::string& out) const override {
    const std::string data = admin_record(tasks_.card_of(entry).get(), entry);
    append_sse_frame(out, {.id = id, .event = {}, .data = data});
  }

 private:
  const AgentTaskTable& tasks_;
};

constexpr std::string_view kIdGrammar = "must be 1 to 128 of A-Z a-z 0-9 . _ : @ -";

std::string param(const Exchange& exchange, std::string_view name) {
  const std::string* const value = exchange.head().param(name);
  return value != nullptr ? *value : std::string();
}

HttpAnswer not_found() {
  return error_answer(404, "NOT_FOUND", "task");
}

// The task a stream is about, as the log has it now.  nullopt: there is none that this
// reader may know of, and `refusal` says so, or the stream waits for it.
std::optional<AgentTaskTable::Glance> glance_of(AgentKeeper& keeper, const Exchange& exchange,
                                                StreamOpening& opening, bool require_existing,
                                                std::optional<HttpAnswer>& refusal) {
  keeper.follow();
  auto glance = keeper.table().glance(param(exchange, "taskId"));
  if (!glance || glance->state.begun == 0) {
    if (require_existing) refusal = not_found();
    return std::nullopt;
  }
  const AgentTaskCard& card = *glance->card;
  const std::string* const org = exchange.head().param("org");
  const std::string* const agent = exchange.head().param("agent");
  if (!may_see(exchange.principal(), card.owner) || (org != nullptr && *org != card.org) ||
      (agent != nullptr && *agent != card.agent)) {
    refusal = not_found();
    return std::nullopt;
  }
  // What others published under its id is no part of it.
  if (card.owner != "local") opening.filter.owner = card.owner;
  if (glance->state.ended != 0) opening.ended_at = glance->state.ended;
  return glance;
}

// The query may say which stream and conversation it means: they must be the task's.
std::optional<HttpAnswer> check_named(const Exchange& exchange, const AgentTaskCard& card) {
  const RequestHead& head = exchange.head();
  if (const auto* stream = head.query_param("streamId"); stream && *stream != card.stream_id)
    return bad_parameter({"streamId", "is not the task's"});
  if (const auto* talk = head.query_param("conversationId"); talk && *talk != card.conversation_id)
    return bad_parameter({"conversationId", "is not the task's"});
  return std::nullopt;
}

// The first of the newest `most` entries in the ring that match; head()+1 when none does.
Sequence newest_matching(const TraceStreamBus& bus, const Filter& filter, std::size_t most) {
  constexpr Sequence kStretch = 2'048;
  const Sequence oldest = bus.oldest();
  Sequence first = bus.head() + 1;
  std::vector<EntryPtr> entries;
  for (Sequence end = first; most > 0 && end > oldest;) {
    const Sequence from = end > oldest + kStretch ? end - kStretch : oldest;
    entries.clear();
    // Older than that by now: what has left the ring is history.
    if (bus.read(from, static_cast<std::size_t>(end - from), std::size_t(-1), entries) ==
        TraceStreamBus::Read::behind)
      break;
    for (auto entry = entries.rbegin(); entry != entries.rend() && most > 0; ++entry) {
      if ((*entry)->sequence >= end || !filter.matches(**entry)) continue;
      first = (*entry)->sequence;
      --most;
    }
    end = from;
  }
  return first;
}

std::optional<HttpAnswer> open_admin(const Exchange& exchange, StreamOpening& opening,
                                     const TraceStreamBus& bus, std::size_t most) {
  const RequestHead& head = exchange.head();
  const auto take = [&head](std::string_view name, auto&& to) -> bool {
    const std::string* const value = head.query_param(name);
    if (value == nullptr) return true;
    if (!is_saop_id(*value)) return false;
    to(*value);
    return true;
  };
  Filter& filter = opening.filter;
  if (!take("userId", [&filter](const std::string& id) { filter.owner = id; }))
    return bad_parameter({"userId", kIdGrammar});
  if (!take("agentSlug", [&filter](const std::string& id) { filter.agents = {id}; }))
    return bad_parameter({"agentSlug", kIdGrammar});
  if (!take("conversationId", [&filter](const std::string& id) { filter.sessions = {id}; }))
    return bad_parameter({"conversationId", kIdGrammar});
  opening.fresh_from = newest_matching(bus, filter, most);
  return std::nullopt;
}

}  // namespace

std::vector<std::shared_ptr<const Projection>> agent_projections(const AgentTaskTable& tasks) {
  return {std::make_shared<AgentProjection>(tasks), std::make_shared<TaskProgressProjection>(),
          std::make_shared<AdminProjection>(tasks)};
}

void add_agent_openers(StreamOpeners& openers, AgentKeeper& keeper, const TraceStreamBus& bus,
                       bool require_existing) {
  openers["TK"] = [&keeper, require_existing](const Exchange& exchange, StreamOpening& opening) {
    std::optional<HttpAnswer> refusal;
    const auto glance = glance_of(keeper, exchange, opening, require_existing, refusal);
    if (!glance) return refusal;
    if (glance->fresh_from != 0) opening.fresh_from = glance->fresh_from;
    return check_named(exchange, *glance->card);
  };
  openers["TP"] = [&keeper, require_existing](const Exchange& exchange, StreamOpening& opening) {
    std::optional<HttpAnswer> refusal;
    const auto glance = glance_of(keeper, exchange, opening, require_existing, refusal);
    if (!glance) return refusal;
    opening.applied = glance->applied;
    opening.first = "data: " + progress_json(glance->card->id, glance->state) + "\n\n";
    return refusal;
  };
  openers["AD"] = [&bus, most = keeper.event_buffer()](const Exchange& exchange,
                                                       StreamOpening& opening) {
    return open_admin(exchange, opening, bus, most);
  };
}

}  // namespace devs
