#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "tests/support/disk_history.h"
#include "trace/stored_log.h"

namespace devs {

// What a log was given and what it promised, entry by entry: the oracle of the tests
// that break things.
//
// The law it checks, reading from the first sequence to the last: lines and declared
// losses together are every sequence, once, in order; a line is what was given under
// its sequence, byte for byte; what was promised and not damaged since is a line; a
// loss is one that can be, and says the right reason.
class LogLedger {
 public:
  // --- what happens to the log ---

  void give(std::string body, std::string topics = {});  // the next sequence
  void skip(std::size_t count);                          // given, and never handed to the log
  void forget_unstored(Sequence last);  // skipped at the end: nobody remembers them
  void promise(Sequence through);       // shown to somebody, or acknowledged
  void may_expire(Sequence through);    // retention may have dropped it
  void may_be_damaged(Sequence from, Sequence through);  // somebody changed bytes there
  void topics_may_go(Sequence from, Sequence through);   // the same, of what a line does not say
  // What lies above `safe` may be missing, in the middle as well: the disk wrote it in
  // its own order.
  void power_failed(Sequence safe);

  Sequence given() const { return entries_.size(); }  // the last one
  const std::string& body(Sequence sequence) const { return entries_[sequence - 1].body; }
  const std::string& topics(Sequence sequence) const { return entries_[sequence - 1].topics; }
  bool skipped(Sequence sequence) const { return entries_[sequence - 1].skipped; }

  // --- the judgement ---

  // The first thing that breaks the law, or nothing.  `random` chooses how much is
  // read at a time.
  std::string fault_of(const StoredLog& log, Random& random) const;
  // One read from `from`, whatever lies there.
  std::string fault_of_read(const StoredLog& log, Sequence from, ReadLimits limits,
                            Sequence& next) const;
  // Goes on from what `log` has: it is promised now, and what it has not is forgotten.
  void adopt(const StoredLog& log);

  std::size_t losses() const { return losses_; }  // of damage, seen by the last fault_of()

 private:
  struct Given {
    std::string body, topics;
    bool promised = false;
    bool skipped = false;      // lost: recorder
    bool damaged = false;      // may be lost: corrupt
    bool topics_gone = false;  // or may be
  };

  std::string fault_of_loss(const Loss& loss) const;

  std::vector<Given> entries_;  // by sequence - 1
  Sequence expired_through_ = 0;
  mutable std::size_t losses_ = 0;
};

}  // namespace devs
