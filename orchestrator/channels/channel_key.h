#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace devs {

// Which channel (streams 7): `debates/42`.
struct ChannelKey {
  std::string name;  // `^[a-z][a-z0-9-]{0,31}$`
  std::string id;    // an id as in envelopes

  std::string text() const { return name + '/' + id; }
  std::string topic() const { return "channel:" + text(); }
  auto operator<=>(const ChannelKey&) const = default;
};

inline constexpr std::string_view kDebates = "debates";
inline constexpr std::string_view kChannelGrammar =
    "a channel is named by a lower-case letter, then at most 31 of a-z, 0-9 and -; its id is 1 "
    "to 128 of A-Z, a-z, 0-9 and . _ : @ -";

// nullopt: one of them breaks its grammar.
std::optional<ChannelKey> channel_key(std::string_view name, std::string_view id);
// That of the channel an entry with these topics belongs to; nullopt: to none.
std::optional<ChannelKey> channel_in(std::string_view topics);

// How events of a channel call its id: `debateId` where it is a debate.
std::string_view id_member_of(std::string_view name);

}  // namespace devs
