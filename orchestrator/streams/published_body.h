#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "trace/entry.h"

namespace devs {

// The body of one `POST /trace/publish`, checked and ready for the bus.
struct PublishedBody {
  struct Refused {
    std::size_t place = 0;  // index in the array, from 0; line of NDJSON, from 1
    std::string path;       // "/type"; empty when the text itself is at fault
    std::string message;
  };
  std::vector<Draft> drafts;
  std::vector<Refused> refused;
  bool too_many = false;  // over kMaxPublishEnvelopes: nothing was looked at
};

// One envelope, or an array of them.  All or nothing is the caller's business.
PublishedBody read_json_body(std::string_view body);
// One envelope per line; empty lines are skipped.
PublishedBody read_ndjson_body(std::string_view body);

}  // namespace devs
