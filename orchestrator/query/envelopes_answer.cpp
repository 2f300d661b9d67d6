#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "orchestrator/query/entry_selection.h"
#include "orchestrator/query/index_state.h"
#include "orchestrator/query/log_excerpt.h"
#include "orchestrator/query/trace_queries.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

// Counting goes no further: nobody pages through more.
constexpr std::size_t kMaxCounted = 100'000;
// Of the second a question may take: what is left belongs to the page.
constexpr std::chrono::milliseconds kCountBudget{250};

struct Total {
  std::size_t entries = 0;
  bool is_exact = true;
};

Result<Total> count(SqlConnection& connection, const EntrySelection& selection) {
  connection.until(
      std::min<TimePoint>(connection.deadline(), std::chrono::steady_clock::now() + kCountBudget));
  auto rows = selection.select(connection, "", false, "");
  if (!rows.ok()) return rows.status();
  Total total;
  for (;;) {
    const auto row = rows->step();
    if (!row.ok() && row.status().code() != Code::deadline_exceeded) return row.status();
    total.is_exact = row.ok() && (!*row || total.entries < kMaxCounted);
    if (!row.ok() || !*row || !total.is_exact) return total;
    ++total.entries;
  }
}

// Entries that may have matched and cannot be had.
struct Gap {
  Sequence from = 0, through = 0;
  std::string reason;
};

// Those in [from, through], neighbours of one reason as one.
Result<std::vector<Gap>> gaps_between(SqlConnection& connection, Sequence from, Sequence through,
                                      Sequence oldest) {
  std::vector<Gap> gaps;
  if (from < oldest)
    gaps.push_back(
        {from, std::min(through, oldest - 1), std::string(name_of(LossReason::expired))});
  auto losses = connection.prepare(
      "SELECT first, last, reason FROM losses WHERE last >= ? AND first <= ? ORDER BY first");
  if (!losses.ok()) return losses.status();
  losses->bind(1, static_cast<std::int64_t>(std::max(from, oldest)));
  losses->bind(2, static_cast<std::int64_t>(through));
  for (;;) {
    const auto row = losses->step();
    if (!row.ok()) return row.status();
    if (!*row) return gaps;
    Gap gap{std::max({static_cast<Sequence>(losses->integer(0)), from, oldest}),
            std::min(static_cast<Sequence>(losses->integer(1)), through),
            std::string(losses->text(2))};
    if (!gaps.empty() && gaps.back().through + 1 == gap.from && gaps.back().reason == gap.reason)
      gaps.back().through = gap.through;
    else
      gaps.push_back(std::move(gap));
  }
}

// The stretch of the log a page speaks for: what is neither listed nor in a gap there
// does not match.
struct Span {
  Sequence from = 1, through = 0;
};
Span span_of(const EnvelopesQuery& query, Sequence indexed, Sequence oldest) {
  Span span;
  span.through =
      query.before ? std::min(indexed, std::max<Sequence>(*query.before, 1) - 1) : indexed;
  // Who names no begin asks for what there is, not for what there was.
  if (query.after > 0)
    span.from = query.after + 1;
  else if (span.through >= oldest)
    span.from = oldest;
  return span;
}
// More follows: the page speaks for nothing beyond its last entry.
void end_at(Span& span, Sequence last, bool newest_first) {
  (newest_first ? span.from : span.through) = last;
}

// What the index has of a page, and what stands around it.
struct Page {
  std::vector<Sequence> entries;
  bool more = false;
  Total total;
  Sequence through = 0, oldest = 0;
  Span span;
  std::vector<Gap> gaps;
};

Result<Page> page_of(SqlConnection& connection, const EnvelopesQuery& query, Sequence oldest) {
  Page page;
  const auto through = indexed_through(connection);
  if (!through.ok()) return through.status();
  page.through = *through;
  page.oldest = oldest;

  auto all = EntrySelection::of(connection, query.filter);
  if (!all.ok()) return all.status();
  if (oldest > 1) all->after(oldest - 1);
  EntrySelection selection = *all;
  if (query.after > 0) selection.after(query.after);
  if (query.before) selection.before(*query.before);
  auto rows = selection.select(connection, "", query.newest_first,
                               fmt::format("LIMIT {}", query.limit + 1));
  if (!rows.ok()) return rows.status();
  for (;;) {
    const auto row = rows->step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    page.entries.push_back(static_cast<Sequence>(rows->integer(0)));
  }
  page.more = page.entries.size() > query.limit;
  if (page.more) page.entries.pop_back();
  auto total = count(connection, *all);
  if (!total.ok()) return total.status();
  page.total = *total;
  page.span = span_of(query, page.through, oldest);
  if (page.more) end_at(page.span, page.entries.back(), query.newest_first);
  auto gaps = gaps_between(connection, page.span.from, page.span.through, oldest);
  if (!gaps.ok()) return gaps.status();
  page.gaps = std::move(*gaps);
  return page;
}

}  // namespace

Result<std::string> TraceQueries::envelopes(const EnvelopesQuery& query) const {
  Page page;
  {
    auto lease = readers_.lease();
    if (!lease.ok()) return lease.status();
    auto found = page_of(**lease, query, log_.oldest());
    if (!found.ok()) return readers_.judged(found.status());
    page = std::move(*found);
  }
  const std::vector<ReadBack> entries = read_back(log_, page.entries, kMaxAnswerBodies);

  std::string out = R"({"envelopes":[)";
  for (const ReadBack& entry : entries) {
    if (out.back() != '[') out += ',';
    out.append(R"({"id":")").append(encode_event_id(epoch_, entry.sequence));
    if (entry.lost) {
      out.append(R"(","lost":")").append(name_of(*entry.lost)).append("\"}");
      continue;
    }
    out += R"(","stored_at":)";
    if (entry.stored_ms == 0)
      out += "null";
    else
      out.append("\"").append(iso_of_ms(entry.stored_ms)).append("\"");
    out.append(R"(,"envelope":)").append(entry.body).append("}");
  }
  const bool more = page.more || entries.size() < page.entries.size();
  out += R"(],"next":)";
  if (more && !entries.empty())
    out.append("\"").append(encode_event_id(epoch_, entries.back().sequence)).append("\"");
  else
    out += "null";
  // The bodies may have filled the answer before the page was.
  if (entries.size() < page.entries.size() && !entries.empty())
    end_at(page.span, entries.back().sequence, query.newest_first);
  out.append(R"(,"oldest":")").append(encode_event_id(epoch_, page.oldest)).append(R"(","gaps":[)");
  for (const Gap& gap : page.gaps) {
    const Sequence from = std::max(gap.from, page.span.from);
    const Sequence through = std::min(gap.through, page.span.through);
    if (from > through) continue;
    if (out.back() != '[') out += ',';
    out += fmt::format(R"({{"from":"{}","to":"{}","reason":"{}"}})", encode_event_id(epoch_, from),
                       encode_event_id(epoch_, through), gap.reason);
  }
  out += ']';
  out +=
      fmt::format(R"(,"total":{},"total_is_exact":{},"indexed_through":"{}"}})", page.total.entries,
                  page.total.is_exact, encode_event_id(epoch_, page.through));
  return out;
}

}  // namespace devs
