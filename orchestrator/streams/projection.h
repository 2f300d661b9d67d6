#pragma once

#include <string>
#include <string_view>

#include "orchestrator/streams/control_event.h"
#include "orchestrator/streams/entry_view.h"

namespace devs {

// How one kind of stream shows one entry: entry to frames.
//
// The frames of an entry are the same live and in replay.  It may look up what the entry
// does not say itself, in a table that outlives it and is thread-safe.
//
// Thread-safe: the reactor shows what is live, workers what they replay.
class Projection {
 public:
  virtual ~Projection() = default;

  // What rows of the table of streams call it.
  virtual std::string_view name() const = 0;

  // Appends its frames to `out`, the line `id` in the last one; nothing: it is left out.
  virtual void append(const EntryView& entry, std::string_view id, std::string& out) const = 0;

  // Asked instead of append() about one too large for a stream: would it be shown?  Then
  // `envelope_oversize` is.
  virtual bool shows(const EntryView& entry, std::string_view id) const {
    static_cast<void>(entry), static_cast<void>(id);
    return true;
  }
  // False: of a thought, an action or an observation append() looks at the body alone.
  virtual bool needs_facts() const { return true; }

  // A control event (streams 1.3), as the clients of this kind of stream hear it.
  virtual void append_control(const ControlEvent& event, std::string& out) const {
    append_control_frame(out, event);
  }
};

// `raw`: the envelope; named entries under their name.
class RawProjection final : public Projection {
 public:
  std::string_view name() const override { return "raw"; }
  void append(const EntryView& entry, std::string_view id, std::string& out) const override;
  bool needs_facts() const override { return false; }
};

// `named`: the payload alone, under the entry's name; entries without one are left out.
class NamedProjection final : public Projection {
 public:
  std::string_view name() const override { return "named"; }
  void append(const EntryView& entry, std::string_view id, std::string& out) const override;
  bool shows(const EntryView& entry, std::string_view id) const override;
};

}  // namespace devs
