#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/status.h"

namespace devs {

enum class Method { get, head, post, put, del, options };
std::string_view name_of(Method method);                  // "GET"
std::optional<Method> method_of(std::string_view token);  // nullopt: 501

// Content types are a closed list: never from input.
enum class ContentType { none, json, sse, text, metrics, ndjson, html, javascript };
std::string_view name_of(ContentType type);

// One answer as a value.  Header names come from the house, values must be
// visible ASCII (checked when it is written: otherwise 500 and a log line).
struct HttpAnswer {
  int status = 200;
  ContentType type = ContentType::none;
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};  // beyond the standing ones
  bool close = false;  // Connection: close after this answer
};

HttpAnswer json_answer(int status, std::string body);
// {"error":"<code>","reason":"<reason>"}; never echoes input.
HttpAnswer error_answer(int status, std::string_view code, std::string_view reason);

// THE table from Code to HTTP status; nothing else maps a Status.
int http_status_of(Code code);
HttpAnswer answer_of(const Status& status);
std::string_view reason_phrase(int status);

}  // namespace devs
