#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/streams/entry_view.h"

namespace devs {

// What an entry is about, and what a reader follows: a form, and for most an id.
enum class TopicKind : std::uint8_t {
  all,  // every entry but those of channels and the graph
  task,
  session,
  agent,
  channel,  // `<name>/<id>`
  graph,
  tool,   // nobody may ask for it: where filters by tool are found
  owner,  // of a principal; what `all` means to one without the operator role
};
inline constexpr std::size_t kTopicKinds = 8;

struct TopicView {
  TopicKind kind = TopicKind::all;
  std::string_view id;
  bool operator==(const TopicView&) const = default;
};

struct Topic {
  TopicKind kind = TopicKind::all;
  std::string id;

  operator TopicView() const { return {kind, id}; }
  auto operator<=>(const Topic&) const = default;
};

// What no entry is on: who follows it alone follows nothing.
inline Topic no_topic() {
  return {TopicKind::task, {}};
}

// `all`, `task:<id>`, `session:<id>`, `agent:<id>`, `graph`, `channel:<name>/<id>`;
// nullopt for anything else.
std::optional<Topic> parse_topic(std::string_view text, bool ids_are_uuids);
// `owner:<id>`, which stream tokens are made for and no request names.
std::optional<Topic> parse_owner_topic(std::string_view text);
std::string text_of(const TopicView& topic);
// `^[a-z][a-z0-9-]{0,31}$`
bool is_channel_name(std::string_view name);

// The first of a comma separated list of topics as an entry carries them; `rest`
// moves past it.  nullopt: one that no reader can follow.
std::optional<TopicView> next_carried(std::string_view& rest);

// f(TopicView) for each topic the entry is on.  Entries of channels and the graph
// are on those alone, not on `all` nor on an id's.
template <class F>
void each_topic(const EntryView& entry, F&& f) {
  const EnvelopeFacts& facts = entry.facts;
  if (facts.type == "graph") {
    f(TopicView{TopicKind::graph, {}});
  } else if (facts.type != "channel") {
    f(TopicView{TopicKind::all, {}});
    if (!facts.task_id.empty()) f(TopicView{TopicKind::task, facts.task_id});
    if (!facts.session_id.empty()) f(TopicView{TopicKind::session, facts.session_id});
    if (!facts.agent_id.empty()) f(TopicView{TopicKind::agent, facts.agent_id});
  }
  for (std::string_view rest = entry.topics; !rest.empty();)
    if (const auto carried = next_carried(rest)) f(*carried);
}

}  // namespace devs
