#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "orchestrator/query/index_state.h"
#include "orchestrator/query/log_excerpt.h"
#include "orchestrator/query/trace_queries.h"
#include "protocol/json.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

// The newest entries of a task; a person reads fewer, and `truncated` says so.
constexpr std::int64_t kMaxMembers = 5'000;
constexpr std::size_t kMaxTreeBodies = 8u << 20u;

constexpr const char* kMembers =
    "SELECT sequence, at_ms, type, tool, status, agent, thread, tool_call_id, thought_id, "
    "source_thought_id, turn_index, duration_ms FROM entries "
    "WHERE task = ?1 AND sequence >= ?2 AND (?3 IS NULL OR owner = ?3) "
    "ORDER BY sequence DESC LIMIT ?4";

struct Member {
  Sequence sequence = 0;
  std::int64_t at_ms = 0;
  std::string type, tool, status, agent, thread, tool_call_id, thought_id, source_thought_id;
  std::optional<std::int64_t> turn_index;
  std::optional<double> duration_ms;
  std::string_view orphan;           // the kind of member it answers, which is not there
  std::vector<std::size_t> answers;  // those below it
  std::string envelope;
};

Member member_of(const SqlStatement& row) {
  Member member;
  member.sequence = static_cast<Sequence>(row.integer(0));
  member.at_ms = row.integer(1);
  int column = 2;
  for (std::string* text :
       {&member.type, &member.tool, &member.status, &member.agent, &member.thread,
        &member.tool_call_id, &member.thought_id, &member.source_thought_id})
    *text = row.text(column++);
  if (!row.null(10)) member.turn_index = row.integer(10);
  if (!row.null(11)) member.duration_ms = row.real(11);
  return member;
}

struct Found {
  std::vector<Member> members;  // in log order
  bool truncated = false;
  Sequence through = 0;
};

Result<Found> members_of(SqlConnection& connection, const TaskTreeQuery& query, Sequence oldest) {
  Found found;
  const auto through = indexed_through(connection);
  if (!through.ok()) return through.status();
  found.through = *through;
  auto rows = connection.prepare(kMembers);
  if (!rows.ok()) return rows.status();
  rows->bind(1, std::string_view(query.task)).bind(2, static_cast<std::int64_t>(oldest));
  rows->bind(3, query.owner ? SqlValue(std::string_view(*query.owner)) : SqlValue());
  rows->bind(4, kMaxMembers + 1);
  for (;;) {
    const auto row = rows->step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    found.members.push_back(member_of(*rows));
  }
  found.truncated = found.members.size() > static_cast<std::size_t>(kMaxMembers);
  if (found.truncated) found.members.pop_back();
  std::reverse(found.members.begin(), found.members.end());
  return found;
}

// Hangs each action below its thought and each observation below its action: the
// latest before it of that id.  The tops of what is left, in log order.
std::vector<std::size_t> hang(std::vector<Member>& members) {
  std::unordered_map<std::string, std::size_t> thoughts, actions;
  std::vector<std::size_t> tops;
  const auto below = [&members, &tops](const std::unordered_map<std::string, std::size_t>& above,
                                       const std::string& id, std::string_view kind,
                                       std::size_t at) {
    const auto found = above.find(id);
    if (found != above.end()) return members[found->second].answers.push_back(at);
    members[at].orphan = kind;
    tops.push_back(at);
  };
  for (std::size_t at = 0; at < members.size(); ++at) {
    Member& member = members[at];
    if (member.type == "observation") {
      below(actions, member.tool_call_id, "action", at);
    } else if (member.type == "action") {
      // Without a thought there was none: a host need not tell.
      if (member.source_thought_id.empty())
        tops.push_back(at);
      else
        below(thoughts, member.source_thought_id, "thought", at);
      if (!member.tool_call_id.empty()) actions[member.tool_call_id] = at;
    } else {
      tops.push_back(at);
      if (member.type == "thought" && !member.thought_id.empty()) thoughts[member.thought_id] = at;
    }
  }
  return tops;
}

class Writing {
 public:
  Writing(const std::vector<Member>& members, const Epoch& epoch)
      : members_(members), epoch_(epoch) {}

  void member(std::string& out, std::size_t at) const {
    const Member& member = members_[at];
    out.append(R"({"id":")").append(encode_event_id(epoch_, member.sequence)).append("\"");
    if (member.at_ms != 0) out.append(R"(,"at":")").append(iso_of_ms(member.at_ms)).append("\"");
    const std::pair<std::string_view, const std::string*> texts[] = {
        {"type", &member.type},
        {"agent_id", &member.agent},
        {"tool_name", &member.tool},
        {"tool_call_id", &member.tool_call_id},
        {"thought_id", &member.thought_id},
        {"source_thought_id", &member.source_thought_id},
        {"status", &member.status}};
    for (const auto& [name, text] : texts) {
      if (text->empty()) continue;
      out.append(",\"").append(name).append("\":");
      append_json_string(out, *text);
    }
    if (member.duration_ms) out += fmt::format(R"(,"duration_ms":{})", *member.duration_ms);
    if (!member.orphan.empty()) out.append(R"(,"orphan":")").append(member.orphan).append("\"");
    if (!member.envelope.empty()) out.append(R"(,"envelope":)").append(member.envelope);
    if (member.type == "thought") list(out, ",\"actions\":", member.answers);
    if (member.type == "action") list(out, ",\"observations\":", member.answers);
    out += '}';
  }
  void list(std::string& out, std::string_view head, const std::vector<std::size_t>& all) const {
    out.append(head).append("[");
    for (const std::size_t at : all) {
      if (out.back() != '[') out += ',';
      member(out, at);
    }
    out += ']';
  }

 private:
  const std::vector<Member>& members_;
  const Epoch& epoch_;
};

}  // namespace

Result<std::string> TraceQueries::task_tree(const TaskTreeQuery& query) const {
  Found found;
  {
    auto lease = readers_.lease();
    if (!lease.ok()) return lease.status();
    auto members = members_of(**lease, query, log_.oldest());
    if (!members.ok()) return readers_.judged(members.status());
    found = std::move(*members);
  }
  if (found.members.empty()) return Status(Code::not_found, "no such task");
  if (query.with_envelopes) {
    std::vector<Sequence> wanted;
    for (const Member& member : found.members) wanted.push_back(member.sequence);
    std::vector<ReadBack> bodies = read_back(log_, wanted, kMaxTreeBodies);
    for (std::size_t i = 0; i < bodies.size(); ++i)
      found.members[i].envelope = std::move(bodies[i].body);
  }

  // A turn stands where its first member does.
  using TurnKey = std::pair<std::string, std::optional<std::int64_t>>;
  std::vector<std::pair<TurnKey, std::vector<std::size_t>>> turns;
  std::map<TurnKey, std::size_t> places;
  for (const std::size_t top : hang(found.members)) {
    const Member& member = found.members[top];
    const TurnKey key{member.thread, member.turn_index};
    const auto [place, is_new] = places.try_emplace(key, turns.size());
    if (is_new) turns.push_back({key, {}});
    turns[place->second].second.push_back(top);
  }

  const Writing writing(found.members, epoch_);
  std::string out = R"({"task_id":)";
  append_json_string(out, query.task);
  out += R"(,"turns":[)";
  for (const auto& [key, tops] : turns) {
    if (out.back() != '[') out += ',';
    const auto& [thread, turn_index] = key;
    out += fmt::format(R"({{"thread_id":{},"turn_index":{})",
                       thread.empty() ? "null" : json_string(thread),
                       turn_index ? std::to_string(*turn_index) : "null");
    writing.list(out, ",\"members\":", tops);
    out += '}';
  }
  out += fmt::format(R"(],"truncated":{},"indexed_through":"{}"}})", found.truncated,
                     encode_event_id(epoch_, found.through));
  return out;
}

}  // namespace devs
