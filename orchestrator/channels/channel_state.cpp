#include "orchestrator/channels/channel_state.h"

#include <algorithm>
#include <utility>

namespace devs {

std::string_view name_of(ChannelStatus status) {
  switch (status) {
    case ChannelStatus::live:
      return "live";
    case ChannelStatus::paused:
      return "paused";
    case ChannelStatus::completed:
      return "completed";
  }
  return "live";
}

void ChannelState::fold(const Said& said, Sequence visible) {
  Standing now = newest();
  now.since = said.sequence;
  if (first_ == 0) first_ = said.sequence;
  if (said.event.empty()) {
    created_at_ = said.data["createdAt"].string().value_or("");
  } else if (said.event == "utterance") {
    JsonView speaker, phase;
    said.data.pick({{"speaker", &speaker}, {"phase", &phase}});
    now.turn = said.turn;
    turns_.push_back({said.sequence, said.turn, learn(speaker), learn(phase)});
    // Where transitions are told, what is said late does not turn the phase back.
    if (!phase_told_) enter(now, turns_.back().phase);
    if (turns_.size() > kMaxTurns) {
      turns_.pop_front();
    } else {
      bytes_ += sizeof(Turn);
    }
  } else if (said.event == "phase_transition") {
    phase_told_ = true;
    enter(now, learn(said.data["phase"]));
  } else if (said.event == "pause") {
    now.status = ChannelStatus::paused;
  } else if (said.event == "resume") {
    now.status = ChannelStatus::live;
  } else if (said.event == "complete") {
    now.status = ChannelStatus::completed;
    completed_at_ = said.sequence;
    enter(now, learn(said.data["finalPhase"]));
  }
  standings_.push_back(now);
  while (standings_.size() > 1 && standings_[1].since <= visible) standings_.pop_front();
}

std::optional<ChannelState> ChannelState::as_of(Sequence head) const {
  if (first_ > head) return std::nullopt;
  ChannelState then = *this;
  while (then.standings_.size() > 1 && then.standings_.back().since > head)
    then.standings_.pop_back();
  while (!then.turns_.empty() && then.turns_.back().sequence > head) then.turns_.pop_back();
  while (!then.phases_.empty() && then.phases_.back().since > head) then.phases_.pop_back();
  if (completed_at_ > head) then.completed_at_ = 0;
  return then;
}

std::vector<std::string> ChannelState::phases() const {
  std::vector<std::string> names;
  names.reserve(phases_.size());
  for (const Phase& phase : phases_) names.push_back(words_[phase.word]);
  return names;
}

std::optional<ChannelState::Word> ChannelState::word(std::string_view text) const {
  const auto found = std::find(words_.begin() + 1, words_.end(), text);
  if (found == words_.end()) return std::nullopt;
  return static_cast<Word>(found - words_.begin());
}

ChannelState::Word ChannelState::learn(JsonView text) {
  std::string name = text.string().value_or("");
  if (name.empty()) return 0;
  if (const auto known = word(name)) return *known;
  if (words_.size() > kMaxWords) return 0;
  bytes_ += sizeof(std::string) + name.size();
  words_.push_back(std::move(name));
  return static_cast<Word>(words_.size() - 1);
}

void ChannelState::enter(Standing& now, Word phase) {
  if (phase == 0) return;
  now.phase = phase;
  const bool known = std::any_of(phases_.begin(), phases_.end(),
                                 [phase](const Phase& one) { return one.word == phase; });
  if (!known) phases_.push_back({now.since, phase});
}

}  // namespace devs
