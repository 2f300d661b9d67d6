#include "orchestrator/streams/replay_query.h"

#include <algorithm>

#include "protocol/ids.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

constexpr std::string_view kPlaceGrammar =
    "must be an event id of this log, an ISO time in UTC, or milliseconds since 1970";

// A place in the log: an entry, or a time.
struct Place {
  std::optional<Sequence> entry;
  std::int64_t ms = 0;
};

std::optional<Place> place_of(const std::string& text, std::string_view epoch, Sequence head) {
  if (const auto ms = ms_of_time(text)) return Place{std::nullopt, *ms};
  const Result<EventId> id = decode_event_id(text);
  if (!id.ok() || id->epoch != epoch || id->sequence > head) return std::nullopt;
  return Place{id->sequence, 0};
}

}  // namespace

std::optional<TimedReplay::Options> replay_of(const RequestHead& request, const StoredLog& log,
                                              std::string_view epoch, Sequence head,
                                              BadParameter& bad) {
  TimedReplay::Options options{.from = log.oldest(), .through = head, .speed = 1, .step = false};
  if (const std::string* const from = request.query_param("from")) {
    const auto place = place_of(*from, epoch, head);
    if (!place) {
      bad = {"from", kPlaceGrammar};
      return std::nullopt;
    }
    options.from = place->entry ? std::max<Sequence>(*place->entry, 1) : log.first_since(place->ms);
  }
  if (const std::string* const to = request.query_param("to")) {
    const auto place = place_of(*to, epoch, head);
    if (!place) {
      bad = {"to", kPlaceGrammar};
      return std::nullopt;
    }
    // What was recorded in that millisecond belongs to it.
    const Sequence through = place->entry ? *place->entry : last_until(log, place->ms);
    options.through = std::min(through, head);
  }
  if (const std::string* const speed = request.query_param("speed")) {
    if (*speed == "10") {
      options.speed = 10;
    } else if (*speed == "max") {
      options.speed = 0;
    } else if (*speed != "1") {
      bad = {"speed", "must be 1, 10 or max"};
      return std::nullopt;
    }
  }
  if (const std::string* const step = request.query_param("step")) {
    if (*step != "0" && *step != "1") {
      bad = {"step", "must be 0 or 1"};
      return std::nullopt;
    }
    options.step = *step == "1";
  }
  return options;
}

}  // namespace devs
