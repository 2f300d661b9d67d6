#include "orchestrator/streams/resume.h"

namespace devs {
namespace {

ResumePoint reset(const LogSpan& log, std::string_view reason, std::string_view requested) {
  return {ResumePoint::From::reset, log.head + 1,
          reset_event(reason, requested, encode_event_id(log.epoch, log.head))};
}

}  // namespace

ResumePoint resume_after(std::string_view requested, const LogSpan& log) {
  const bool to_the_end = requested.ends_with(kSeenToTheEnd);
  const Result<EventId> id = decode_event_id(
      requested.substr(0, requested.size() - (to_the_end ? kSeenToTheEnd.size() : 0)));
  if (!id.ok()) return reset(log, "malformed", requested);
  if (id->epoch != log.epoch) return reset(log, "epoch", requested);
  if (id->sequence > log.head) return reset(log, "future", requested);
  return {to_the_end ? ResumePoint::From::end : ResumePoint::From::id, id->sequence + 1};
}

ResumePoint resume_point(const RequestHead& head, const LogSpan& log) {
  // The header wins: a native EventSource repeats its first URL for ever, with a
  // newer header.
  const std::string_view header = head.field("last-event-id");
  if (head.count("last-event-id") > 1) return reset(log, "malformed", header);
  if (!header.empty()) return resume_after(header, log);
  const std::string* query = head.query_param("lastEventId");
  if (query == nullptr || query->empty()) return {ResumePoint::From::fresh, log.head + 1};
  if (*query == "latest") return {ResumePoint::From::now, log.head + 1};
  if (*query == "earliest") return {ResumePoint::From::oldest, log.oldest};
  return resume_after(*query, log);
}

}  // namespace devs
