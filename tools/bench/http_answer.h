#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/status.h"

namespace devs {

// Reads HTTP/1.1 answers off a kept connection: by length, chunked, or without a body.
//
// Confined to its connection.  Feed bytes, then take answers until there is none.
class HttpAnswers {
 public:
  struct Answer {
    int status = 0;
    bool closes = false;  // `Connection: close`: no other answer follows
    std::string session;  // `Mcp-Session-Id`
    std::string body;
  };

  void feed(std::string_view bytes) { waiting_.append(bytes); }
  // False: not all of the next answer is here yet, or the bytes are not HTTP
  // (broken()).
  bool take(Answer& answer);
  bool broken() const { return broken_; }
  void reset() { *this = {}; }

 private:
  bool take_chunked(std::size_t from, std::string& body);

  std::string waiting_;
  bool broken_ = false;
};

}  // namespace devs
