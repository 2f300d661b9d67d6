#include "orchestrator/streams/trace_endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "orchestrator/streams/stream_query.h"
#include "trace/stored_log.h"

namespace devs {
namespace {

constexpr std::size_t kDefaultLimit = 1'000;
constexpr std::size_t kMaxLimit = 10'000;
constexpr std::size_t kMaxAnswerBytes = 8 * 1024 * 1024;
constexpr std::size_t kReadBytes = 1024 * 1024;
constexpr Sequence kMaxScanned = 65'536;  // looked at for one answer, when most are another's

std::optional<std::size_t> limit_of(const std::string* text) {
  if (text == nullptr || text->empty()) return kDefaultLimit;
  std::size_t limit = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, limit);
  if (stop != end || (error != std::errc() && error != std::errc::result_out_of_range))
    return std::nullopt;
  if (error == std::errc::result_out_of_range) return kMaxLimit;
  if (limit == 0) return std::nullopt;
  return std::min(limit, kMaxLimit);
}

// The sequence a call continues after; nullopt: no id of this log.
std::optional<Sequence> position_of(const std::string* text, const Epoch& epoch, Sequence head) {
  if (text == nullptr || text->empty() || *text == "earliest") return 0;
  if (*text == "latest") return head;
  const Result<EventId> id = decode_event_id(*text);
  if (!id.ok() || id->epoch != epoch || id->sequence > head) return std::nullopt;
  return id->sequence;
}

}  // namespace

void TraceEndpoint::log(Exchange& exchange) const {
  const RequestHead& request = exchange.head();
  const std::optional<std::size_t> limit = limit_of(request.query_param("limit"));
  if (!limit) return exchange.respond(bad_parameter({"limit", "must be a number from 1 to 10000"}));
  const Sequence head = bus_.head();
  const std::optional<Sequence> after =
      position_of(request.query_param("lastEventId"), epoch_, head);
  if (!after) return exchange.respond(bad_parameter({"lastEventId", "is no event id of this log"}));

  HttpAnswer answer;
  answer.type = ContentType::ndjson;
  Sequence next = *after + 1;
  std::size_t lines = 0;
  std::vector<EntryPtr> entries;
  const std::optional<std::string> owner = sees_only(exchange.principal());
  const Sequence scan_end = next + kMaxScanned;
  while (next <= head && lines < *limit && answer.body.size() < kMaxAnswerBytes &&
         next < scan_end) {
    entries.clear();
    const ReadOutcome read = read_entries(log_, next, {*limit - lines, kReadBytes}, entries);
    if (entries.empty()) {
      if (next > *after + 1) break;  // the next call begins with what is missing
      const Sequence readable = read.loss ? read.loss->through + 1 : head + 1;
      answer.headers.emplace_back(
          "X-Gap", encode_event_id(epoch_, next) + ' ' + encode_event_id(epoch_, readable - 1));
      next = readable;
      if (next > head || answer.headers.size() > 1) break;
      continue;
    }
    for (const EntryPtr& entry : entries) {
      if (entry->sequence > head) break;
      next = entry->sequence + 1;
      if (owner && owner_in(entry->topics) != *owner) continue;
      answer.body += entry->body;
      answer.body += '\n';
      ++lines;
    }
  }
  answer.headers.emplace_back("X-Next-Event-Id", encode_event_id(epoch_, next - 1));
  exchange.respond(std::move(answer));
}

void TraceEndpoint::envelope(Exchange& exchange) const {
  const std::string* const text = exchange.head().param("id");
  const Result<EventId> id = decode_event_id(text != nullptr ? *text : std::string());
  const Sequence head = bus_.head();
  std::vector<EntryPtr> found;
  if (id.ok() && id->epoch == epoch_ && id->sequence >= 1 && id->sequence <= head) {
    if (bus_.read(id->sequence, 1, 1, found) != TraceStreamBus::Read::entries) {
      const ReadOutcome read = read_entries(log_, id->sequence, {1, 1}, found);
      if (read.loss && read.loss->reason == LossReason::expired)
        return exchange.respond(
            json_answer(410, fmt::format(R"({{"error":"GONE","oldest":"{}"}})",
                                         encode_event_id(epoch_, log_.oldest()))));
      if (read.loss)
        return exchange.respond(
            answer_of(Status(Code::data_loss, "the envelope cannot be read back: " +
                                                  std::string(name_of(read.loss->reason)))));
    }
  }
  const std::optional<std::string> owner = sees_only(exchange.principal());
  if (owner && !found.empty() && owner_in(found.front()->topics) != *owner) found.clear();
  if (found.empty()) return exchange.respond(error_answer(404, "NOT_FOUND", "no such envelope"));
  HttpAnswer answer = json_answer(200, found.front()->body);
  answer.headers.emplace_back("X-Event-Id", encode_event_id(epoch_, found.front()->sequence));
  exchange.respond(std::move(answer));
}

}  // namespace devs
