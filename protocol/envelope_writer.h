#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/envelope.h"

// What envelope.cpp and envelope_observation.cpp share.
namespace devs {

// Writes the members of one JSON object, in call order.
class MemberWriter {
 public:
  explicit MemberWriter(std::string& out) : out_(out) { out_ += '{'; }

  MemberWriter& text(std::string_view name, std::string_view value);
  // Left out when empty.
  MemberWriter& text_if(std::string_view name, std::string_view value);
  MemberWriter& number(std::string_view name, std::uint64_t value);
  MemberWriter& number(std::string_view name, std::int64_t value);
  MemberWriter& boolean(std::string_view name, bool value);
  MemberWriter& json(std::string_view name, std::string_view value);
  MemberWriter& json_if(std::string_view name, std::string_view value);
  // The name alone: the caller appends the value to the text.
  void begin(std::string_view name);
  void end() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

// type ... thread_id: how every envelope of ours begins.  Returns the index of
// the stamp's first digit.
std::size_t write_head(MemberWriter& members, std::string& out, std::string_view type,
                       const EnvelopeOrigin& origin);
void write_spans(MemberWriter& members, const EnvelopeOrigin& origin, std::string_view span_id,
                 std::string_view parent_span_id);

}  // namespace devs
