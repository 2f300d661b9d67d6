#include "tests/trace/log_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace devs {

void LogLedger::give(std::string body, std::string topics) {
  entries_.push_back({std::move(body), std::move(topics)});
}

void LogLedger::skip(std::size_t count) {
  for (; count > 0; --count) entries_.push_back({.body = {}, .topics = {}, .skipped = true});
}

void LogLedger::forget_unstored(Sequence last) {
  while (given() > last && entries_.back().skipped) entries_.pop_back();
}

void LogLedger::promise(Sequence through) {
  for (Sequence at = std::min<Sequence>(through, given()); at > 0; --at) {
    if (entries_[at - 1].promised) break;  // and so is all before it
    entries_[at - 1].promised = true;
  }
}

void LogLedger::may_expire(Sequence through) {
  expired_through_ = std::max(expired_through_, through);
}

void LogLedger::may_be_damaged(Sequence from, Sequence through) {
  for (Sequence at = std::max<Sequence>(from, 1); at <= std::min<Sequence>(through, given()); ++at)
    entries_[at - 1].damaged = true;
}

void LogLedger::topics_may_go(Sequence from, Sequence through) {
  for (Sequence at = std::max<Sequence>(from, 1); at <= std::min<Sequence>(through, given()); ++at)
    entries_[at - 1].topics_gone = true;
}

void LogLedger::power_failed(Sequence safe) {
  for (Sequence at = safe + 1; at <= given(); ++at) {
    entries_[at - 1].promised = false;
    entries_[at - 1].damaged = true;
  }
}

std::string LogLedger::fault_of_loss(const Loss& loss) const {
  for (Sequence at = loss.from; at <= loss.through; ++at) {
    const Given& entry = entries_[at - 1];
    if (loss.reason == LossReason::expired && at > expired_through_)
      return fmt::format("entry {} is said to be expired", at);
    if (loss.reason == LossReason::recorder && !entry.skipped)
      return fmt::format("entry {} is said to be lost by the recorder", at);
    if (loss.reason == LossReason::corrupt && entry.promised && !entry.damaged)
      return fmt::format("entry {} is said to be corrupt", at);
  }
  return {};
}

std::string LogLedger::fault_of_read(const StoredLog& log, Sequence from, ReadLimits limits,
                                     Sequence& next) const {
  std::string fault;
  std::size_t lines = 0, bytes = 0, last_bytes = 0;
  Sequence wanted = from;
  const ReadOutcome outcome = log.read(from, limits, [&](const StoredLine& line) {
    ++lines;
    bytes += last_bytes = line.body.size();
    if (!fault.empty()) return;
    if (line.sequence != wanted++)
      fault = fmt::format("a read from {} gave {} in place of {}", from, line.sequence, wanted - 1);
    else if (line.sequence > given())
      fault = fmt::format("entry {} was never given", line.sequence);
    else if (const Given& entry = entries_[line.sequence - 1]; entry.skipped)
      fault = fmt::format("entry {} was never stored, and reads {}", line.sequence, line.body);
    else if (line.body != entry.body)
      fault = fmt::format("entry {} reads {} in place of {}", line.sequence, line.body, entry.body);
    else if (line.topics != entry.topics &&
             (!line.topics.empty() || (entry.promised && !entry.damaged && !entry.topics_gone)))
      fault = fmt::format("entry {} has the topics '{}' in place of '{}'", line.sequence,
                          line.topics, entry.topics);
  });
  if (!fault.empty()) return fault;
  next = outcome.next;
  if (outcome.loss) {
    const Loss& loss = *outcome.loss;
    losses_ += loss.reason == LossReason::corrupt ? 1u : 0u;
    if (lines > 0) return fmt::format("a read from {} gave both lines and a loss", from);
    if (loss.from != from || loss.through < from || loss.through > log.last() ||
        next != loss.through + 1)
      return fmt::format("a read from {} lost {} to {} and goes on at {}", from, loss.from,
                         loss.through, next);
    return fault_of_loss(loss);
  }
  if (next != wanted)
    return fmt::format("a read from {} goes on at {} after {}", from, next, wanted - 1);
  if (lines == 0 && from <= log.last()) return fmt::format("a read from {} gave nothing", from);
  if (lines > limits.entries || bytes - last_bytes > limits.bytes)
    return fmt::format("a read from {} gave {} lines of {} bytes, more than asked", from, lines,
                       bytes);
  return {};
}

std::string LogLedger::fault_of(const StoredLog& log, Random& random) const {
  losses_ = 0;
  const Sequence last = log.last();
  if (last > given()) return fmt::format("it ends at {}, and {} were given", last, given());
  if (last < given() && entries_[last].promised)
    return fmt::format("it ends at {}, and {} was promised", last, last + 1);
  for (Sequence from = 1; from <= last;) {
    const ReadLimits limits{1 + random() % 40, 1 + random() % 20'000};
    Sequence next = from;
    if (std::string fault = fault_of_read(log, from, limits, next); !fault.empty()) return fault;
    from = next;
  }
  if (const Sequence oldest = log.oldest(); oldest < 1 || oldest > last + 1)
    return fmt::format("its oldest entry is {}, and its last {}", oldest, last);
  return {};
}

void LogLedger::adopt(const StoredLog& log) {
  entries_.resize(std::min<std::size_t>(entries_.size(), log.last()));
  for (Sequence from = 1; from <= log.last();) {
    const ReadOutcome outcome = log.read(from, {}, [this](const StoredLine& line) {
      Given& entry = entries_[line.sequence - 1];
      entry.topics = line.topics;  // what survived of them
      entry.promised = true;
      entry.damaged = entry.topics_gone = false;
    });
    if (outcome.loss && outcome.loss->reason == LossReason::corrupt)
      for (Sequence at = outcome.loss->from; at <= outcome.loss->through; ++at)
        entries_[at - 1].damaged = true;  // declared: it stays lost
    from = outcome.next;
  }
}

}  // namespace devs
