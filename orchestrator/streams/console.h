#pragma once

#include <string>
#include <string_view>

namespace devs {

// SAOP 8: what the agent console makes of one envelope.
struct ConsoleView {
  enum class Kind {
    shown,     // `text` is the annotated envelope
    as_is,     // hitl: the named event, un-annotated
    left_out,  // lifecycle, system, channel, graph
    unknown,   // no class for this type
    no_stamp,  // EnvelopeAnnotationError: `timestamp_ns` is missing
    taken,     // has one of the three members already
  };
  Kind kind = Kind::left_out;
  std::string text;
};

// `type` is the envelope's own, taken from it when it was published.  Pure.
ConsoleView annotate_for_console(std::string_view type, std::string_view envelope);

// What `display.summary` says of a thought, an action or an observation.
std::string console_summary(std::string_view type, std::string_view envelope);

// The first `units` UTF-16 code units of `utf8` at most: never half a surrogate
// pair, and not before a mark that belongs to the character in front of it.
std::string_view utf16_prefix(std::string_view utf8, std::size_t units);

}  // namespace devs
