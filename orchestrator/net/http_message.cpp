#include "orchestrator/net/http_message.h"

#include <fmt/format.h>

#include <array>

namespace devs {

namespace {

struct MethodName {
  Method method;
  std::string_view name;
};
constexpr std::array kMethods{
    MethodName{Method::get, "GET"},    MethodName{Method::head, "HEAD"},
    MethodName{Method::post, "POST"},  MethodName{Method::put, "PUT"},
    MethodName{Method::del, "DELETE"}, MethodName{Method::options, "OPTIONS"},
};

struct StatusRow {
  int status;
  std::string_view phrase;
};
constexpr std::array kPhrases{
    StatusRow{100, "Continue"},
    StatusRow{101, "Switching Protocols"},
    StatusRow{200, "OK"},
    StatusRow{201, "Created"},
    StatusRow{202, "Accepted"},
    StatusRow{204, "No Content"},
    StatusRow{304, "Not Modified"},
    StatusRow{400, "Bad Request"},
    StatusRow{401, "Unauthorized"},
    StatusRow{403, "Forbidden"},
    StatusRow{404, "Not Found"},
    StatusRow{405, "Method Not Allowed"},
    StatusRow{406, "Not Acceptable"},
    StatusRow{408, "Request Timeout"},
    StatusRow{409, "Conflict"},
    StatusRow{410, "Gone"},
    StatusRow{411, "Length Required"},
    StatusRow{413, "Payload Too Large"},
    StatusRow{414, "URI Too Long"},
    StatusRow{415, "Unsupported Media Type"},
    StatusRow{417, "Expectation Failed"},
    StatusRow{422, "Unprocessable Entity"},
    StatusRow{426, "Upgrade Required"},
    StatusRow{429, "Too Many Requests"},
    StatusRow{431, "Request Header Fields Too Large"},
    StatusRow{500, "Internal Server Error"},
    StatusRow{501, "Not Implemented"},
    StatusRow{502, "Bad Gateway"},
    StatusRow{503, "Service Unavailable"},
    StatusRow{504, "Gateway Timeout"},
    StatusRow{505, "HTTP Version Not Supported"},
};

struct CodeRow {
  Code code;
  int status;
  std::string_view error;
  bool says_why;  // the message is meant for the caller
};
constexpr std::array kCodes{
    CodeRow{Code::ok, 200, "OK", false},
    CodeRow{Code::invalid_argument, 400, "BAD_REQUEST", true},
    CodeRow{Code::unauthenticated, 401, "UNAUTHORIZED", true},
    CodeRow{Code::permission_denied, 403, "FORBIDDEN", true},
    CodeRow{Code::not_found, 404, "NOT_FOUND", true},
    CodeRow{Code::resource_exhausted, 503, "OVERLOADED", true},
    CodeRow{Code::deadline_exceeded, 504, "DEADLINE_EXCEEDED", true},
    CodeRow{Code::cancelled, 503, "CANCELLED", true},
    CodeRow{Code::data_loss, 500, "DATA_LOSS", false},
    CodeRow{Code::unavailable, 503, "UNAVAILABLE", true},
    CodeRow{Code::internal, 500, "INTERNAL", false},
};

const CodeRow& row_of(Code code) {
  for (const CodeRow& row : kCodes)
    if (row.code == code) return row;
  return kCodes.back();
}

// A JSON string of visible ASCII; anything else as '?', because a message may
// carry bytes of which nobody said they were UTF-8.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c >= 0x20 && c < 0x7f ? c : '?';
  }
  return out += '"';
}

}  // namespace

std::string_view name_of(Method method) {
  for (const MethodName& row : kMethods)
    if (row.method == method) return row.name;
  return "GET";
}

std::optional<Method> method_of(std::string_view token) {
  for (const MethodName& row : kMethods)
    if (row.name == token) return row.method;
  return std::nullopt;
}

std::string_view name_of(ContentType type) {
  switch (type) {
    case ContentType::none:
      return "";
    case ContentType::json:
      return "application/json";
    case ContentType::sse:
      return "text/event-stream";
    case ContentType::text:
      return "text/plain; charset=utf-8";
    case ContentType::metrics:  // of Prometheus
      return "text/plain; version=0.0.4; charset=utf-8";
    case ContentType::ndjson:
      return "application/x-ndjson";
    case ContentType::html:
      return "text/html; charset=utf-8";
    case ContentType::javascript:
      return "text/javascript; charset=utf-8";
  }
  return "";
}

HttpAnswer json_answer(int status, std::string body) {
  return HttpAnswer{.status = status,
                    .type = ContentType::json,
                    .body = std::move(body),
                    .headers = {},
                    .close = false};
}

HttpAnswer error_answer(int status, std::string_view code, std::string_view reason) {
  return json_answer(status, fmt::format(R"({{"error":"{}","reason":"{}"}})", code, reason));
}

int http_status_of(Code code) {
  return row_of(code).status;
}

HttpAnswer answer_of(const Status& status) {
  const CodeRow& row = row_of(status.code());
  HttpAnswer answer = error_answer(row.status, row.error, name_of(status.code()));
  if (row.says_why && !status.message().empty()) {
    answer.body.pop_back();
    answer.body += fmt::format(R"(,"message":{}}})", quoted(status.message()));
  }
  if (row.status == 503) answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

std::string_view reason_phrase(int status) {
  for (const StatusRow& row : kPhrases)
    if (row.status == status) return row.phrase;
  return "Unknown";
}

}  // namespace devs
