#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/store/own_database.h"
#include "protocol/ids.h"
#include "protocol/result.h"

namespace devs {

// `channels.db`: sequences of those entries of the log that belong to channels, and how far
// the log was looked at.
//
// Refusals: data_loss when the file is damaged or another's, else unavailable.  Confined to
// one thread at a time.
class ChannelStore {
 public:
  // What is known of another log, or beyond `last`, is forgotten.
  static Result<std::unique_ptr<ChannelStore>> open(const std::filesystem::path& file,
                                                    const Epoch& epoch, Sequence last);

  Result<Sequence> seen();  // 0: nothing was looked at
  // The newest `most`, in order.
  Result<std::vector<Sequence>> newest(std::size_t most);
  // `found` is what there is between seen() and `seen`; what is before `oldest` is gone.
  Status save(const std::vector<Sequence>& found, Sequence seen, Sequence oldest);

 private:
  explicit ChannelStore(std::unique_ptr<SqlConnection> sql) : sql_(std::move(sql)) {}
  Status prepare(const Epoch& epoch, Sequence last);
  Status run(std::string_view text, std::initializer_list<SqlValue> values);

  const std::unique_ptr<SqlConnection> sql_;
};

}  // namespace devs
