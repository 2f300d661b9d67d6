#include "orchestrator/streams/reader_report.h"

#include <fmt/format.h>

#include <iterator>

#include "protocol/json.h"
#include "protocol/wall_time.h"

namespace devs {

void append_reader(std::string& out, const ReaderReport& reader, std::string_view stream_id,
                   std::string_view epoch) {
  std::string topics;
  for (const Topic& topic : reader.filter->topics) {
    if (topic == no_topic()) continue;
    if (!topics.empty()) topics += ',';
    topics += json_string(text_of(topic));
  }
  const auto connected =
      std::chrono::duration_cast<std::chrono::milliseconds>(reader.connected.time_since_epoch());
  fmt::format_to(std::back_inserter(out),
                 R"({{"reader":"{}","profile":"{}","principal":{},"topics":[{}],"last_id":"{}",)"
                 R"("lag_entries":{},"lag_bytes":{},"lag_ms":{},"last_progress_ms":{},)"
                 R"("state":"{}","connected_at":"{}","bytes":{}}})",
                 stream_id, reader.profile, json_string(reader.principal), topics,
                 encode_event_id(epoch, reader.last_id), reader.lag_entries, reader.lag_bytes,
                 reader.lag.count(), reader.last_progress.count(), name_of(reader.state),
                 iso_of_ms(connected.count()), reader.bytes);
}

}  // namespace devs
