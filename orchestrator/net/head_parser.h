#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/net/request_head.h"

namespace devs {

// The strict look at a request head, line by line as lines arrive, so that a bad
// byte is answered when it comes and not when the head ends.
//
// Resumable: look() is given everything that arrived of this head, longer each
// time.  It keeps no bytes but those of finished lines.  Pure; confined to whoever
// holds it.
class HeadParser {
 public:
  explicit HeadParser(const HeadLimits& limits) : limits_(limits) {}

  enum class Step { more, done, refused };
  Step look(std::string_view bytes);

  std::size_t size() const { return line_; }  // of the head, once done
  const HttpRefusal& refusal() const { return refusal_; }
  RequestHead& head() { return head_; }

  // Judged later, in the order of the front's checks.
  bool method_known() const { return method_known_; }
  bool expectation_unknown() const { return expectation_unknown_; }

 private:
  Step refuse(int status, std::string_view reason);
  bool line_fits(std::string_view part);
  bool read_request_line(std::string_view line);
  bool read_target(std::string_view target);
  bool read_field(std::string_view line);
  bool finish();
  bool read_framing();
  bool read_connection();

  const HeadLimits& limits_;
  RequestHead head_;
  HttpRefusal refusal_;
  std::size_t line_ = 0;     // where the present line begins
  std::size_t scanned_ = 0;  // no line end before this
  bool request_line_read_ = false;
  bool method_known_ = false;
  bool expectation_unknown_ = false;
  std::string authority_;  // of an absolute target
  std::string length_;     // Content-Length and Transfer-Encoding, blanks kept
  std::string coding_;
};

// `a=b&c` decoded into `out`; false when a percent sign is bad, text is not UTF-8,
// or a name comes twice.
bool read_query(std::string_view query, std::vector<std::pair<std::string, std::string>>& out);

bool is_token(std::string_view text);
bool same_text(std::string_view a, std::string_view b);  // ASCII, any case
// Is it one of the tokens between the commas, in any case?
bool has_token(std::string_view list, std::string_view token);

}  // namespace devs
