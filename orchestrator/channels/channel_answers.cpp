#include "orchestrator/channels/channel_answers.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "protocol/json.h"

namespace devs {
namespace {

// Appends `[...]` of what these turns said; false: the rest was too much.
bool append_said(std::string& out, const ChannelTexts& texts, const ChannelTexts::Turns& turns) {
  bool all = true;
  out += '[';
  const std::size_t begin = out.size();
  texts.read(turns.begin(), turns.end(), [&](const ChannelState::Turn&, const Entry& entry) {
    const std::string_view data = JsonView(entry.body)["payload"].text();
    all = out.size() == begin || out.size() + data.size() <= kMaxChannelAnswer;
    if (!all) return false;
    if (out.size() > begin) out += ',';
    out += data;
    return true;
  });
  out += ']';
  return all;
}

}  // namespace

std::string channel_json(const ChannelState& state, const ChannelKey& key,
                         std::string_view id_member, std::size_t clients,
                         std::string_view last_id) {
  return fmt::format(
      R"({{"{}":"{}","status":"{}","phase":{},"turn":{},"clients":{},"createdAt":{},"lastId":"{}"}})",
      id_member, key.id, name_of(state.status()), json_string(state.phase()), state.turn(), clients,
      json_string(state.created_at()), last_id);
}

std::string utterances_json(const ChannelState& state, const ChannelTexts& texts,
                            const UtterancesAsked& asked) {
  using Word = ChannelState::Word;
  const auto word = [&state](const std::string* text) -> std::optional<Word> {
    return text == nullptr ? Word{0} : state.word(*text);
  };
  const auto speaker = word(asked.speaker), phase = word(asked.phase);
  ChannelTexts::Turns page;
  std::size_t total = 0;
  if (speaker && phase) {
    for (const ChannelState::Turn& turn : state.turns()) {
      if (*speaker != 0 && turn.speaker != *speaker) continue;
      if (*phase != 0 && turn.phase != *phase) continue;
      if (total >= asked.offset && page.size() < asked.limit) page.push_back(turn);
      ++total;
    }
  }
  std::string text = R"({"utterances":)";
  append_said(text, texts, page);
  return text +
         fmt::format(R"(,"total":{},"offset":{},"limit":{}}})", total, asked.offset, asked.limit);
}

std::string transcript_json(const ChannelState& state, const ChannelTexts& texts,
                            const ChannelKey& key, std::string_view id_member) {
  std::string text = fmt::format(R"({{"{}":"{}","status":"{}","phases":[)", id_member, key.id,
                                 name_of(state.status()));
  bool first = true;
  for (const std::string& phase : state.phases()) {
    if (!std::exchange(first, false)) text += ',';
    append_json_string(text, phase);
  }
  text += R"(],"utterances":)";
  const bool all = append_said(text, texts, state.turns());
  return text + (all ? "}" : R"(,"truncated":true})");
}

}  // namespace devs
