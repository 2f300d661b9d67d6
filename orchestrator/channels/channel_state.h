#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.h"
#include "protocol/json.h"

namespace devs {

enum class ChannelStatus : std::uint8_t { live, paused, completed };
std::string_view name_of(ChannelStatus status);

// What a channel's entries come to, folded one by one (streams 7.1).  What was said is
// not in it, but where in the log it stands: the log is the one copy.
//
// Bounded: the newest kMaxTurns turns, kMaxWords different speakers and phases; of entries
// that are not visible yet one standing each, so no more than the bus's ring holds.
class ChannelState {
 public:
  static constexpr std::size_t kMaxTurns = 10'000;
  static constexpr std::size_t kMaxWords = 1'000;  // beyond: not to be asked for by name

  using Word = std::uint32_t;  // index of a speaker or a phase; 0: none
  struct Turn {
    Sequence sequence = 0;
    std::uint64_t number = 0;  // from 1
    Word speaker = 0, phase = 0;
  };
  // One entry of the channel, as it is folded.
  struct Said {
    Sequence sequence = 0;
    std::string_view event = {};  // empty: it was created
    JsonView data = {};
    std::uint64_t turn = 0;  // as channel_draft() was told
  };

  explicit ChannelState(std::string owner) : owner_(std::move(owner)), words_(1) {}

  // Entries through `visible` are; older standings are not asked for any more.
  void fold(const Said& said, Sequence visible);

  // As everybody may know it who knows the log through `head`; nullopt: not at all yet.
  std::optional<ChannelState> as_of(Sequence head) const;

  const std::string& owner() const { return owner_; }  // topic; empty: nobody's
  const std::string& created_at() const { return created_at_; }
  ChannelStatus status() const { return newest().status; }
  const std::string& phase() const { return words_[newest().phase]; }
  std::uint64_t turn() const { return newest().turn; }  // utterances so far
  Sequence first() const { return first_; }
  Sequence last() const { return newest().since; }
  Sequence completed_at() const { return completed_at_; }  // 0: it is not
  const std::deque<Turn>& turns() const { return turns_; }
  std::vector<std::string> phases() const;  // in order of their first word
  std::optional<Word> word(std::string_view text) const;
  const std::string& text_of(Word word) const { return words_[word]; }
  // Of memory, about.
  std::size_t bytes() const { return bytes_; }

 private:
  struct Standing {
    Sequence since = 0;
    std::uint64_t turn = 0;
    Word phase = 0;
    ChannelStatus status = ChannelStatus::live;
  };
  struct Phase {
    Sequence since = 0;
    Word word = 0;
  };
  Standing newest() const { return standings_.empty() ? Standing{} : standings_.back(); }
  Word learn(JsonView text);
  void enter(Standing& now, Word phase);

  std::string owner_;
  std::string created_at_;
  Sequence first_ = 0, completed_at_ = 0;
  bool phase_told_ = false;  // by a transition: until then utterances tell it
  std::deque<Standing> standings_;
  std::deque<Turn> turns_;
  std::vector<Phase> phases_;
  std::vector<std::string> words_;
  std::size_t bytes_ = sizeof(ChannelState);
};

}  // namespace devs
