#include "orchestrator/net/answer_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "orchestrator/net/head_parser.h"

namespace devs {

namespace {

void add_line(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

std::string status_line(int status) {
  std::string head;
  head.reserve(512);
  return head.append("HTTP/1.1 ")
             .append(std::to_string(status))
             .append(" ")
             .append(reason_phrase(status)) +
         "\r\n";
}

void add_standing(std::string& head, const HttpAnswer& answer) {
  if (answer.type != ContentType::none) add_line(head, "Content-Type", name_of(answer.type));
  for (const auto& [name, value] : answer.headers) add_line(head, name, value);
  if (!has_header(answer, "cache-control")) add_line(head, "Cache-Control", "no-store");
  add_line(head, "X-Content-Type-Options", "nosniff");
  add_line(head, "Referrer-Policy", "no-referrer");
}

bool is_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

bool has_header(const HttpAnswer& answer, std::string_view name) {
  return std::any_of(answer.headers.begin(), answer.headers.end(),
                     [name](const auto& header) { return same_text(header.first, name); });
}

bool headers_ok(const HttpAnswer& answer) {
  return std::all_of(answer.headers.begin(), answer.headers.end(), [](const auto& header) {
    return is_token(header.first) && is_value(header.second);
  });
}

HttpAnswer too_large_answer() {
  return error_answer(500, "ANSWER_TOO_LARGE", "answer");
}
HttpAnswer bad_header_answer() {
  return error_answer(500, "INTERNAL", "header");
}

EncodedAnswer encode_answer(HttpAnswer answer, std::size_t max_bytes) {
  if (!headers_ok(answer)) answer = bad_header_answer();
  if (answer.body.size() > max_bytes) answer = too_large_answer();
  EncodedAnswer encoded{.status = answer.status,
                        .head = status_line(answer.status),
                        .body = {},
                        .close = answer.close};
  add_standing(encoded.head, answer);
  const bool has_body = answer.status != 204 && answer.status != 304;
  if (has_body) {
    add_line(encoded.head, "Content-Length", std::to_string(answer.body.size()));
    encoded.body = std::move(answer.body);
  }
  return encoded;
}

EncodedAnswer encode_stream_head(const HttpAnswer& head, bool chunked) {
  if (!headers_ok(head)) return encode_answer(bad_header_answer(), std::size_t(-1));
  EncodedAnswer encoded{
      .status = head.status, .head = status_line(head.status), .body = {}, .close = false};
  add_standing(encoded.head, head);
  if (head.status == 101) return encoded;  // what follows is no body
  if (!has_header(head, "x-accel-buffering")) add_line(encoded.head, "X-Accel-Buffering", "no");
  if (chunked) {
    add_line(encoded.head, "Transfer-Encoding", "chunked");
    if (!has_header(head, "connection")) add_line(encoded.head, "Connection", "keep-alive");
  }
  return encoded;
}

void finish_head(std::string& head, const HeadEnd& end) {
  add_line(head, "Date", end.date);
  if (end.cors && !end.cors->origin.empty()) {
    add_line(head, "Access-Control-Allow-Origin", end.cors->origin);
    if (!end.cors->methods.empty())
      add_line(head, "Access-Control-Allow-Methods", end.cors->methods);
    if (end.cors_allow && !end.cors_allow->empty())
      add_line(head, "Access-Control-Allow-Headers", *end.cors_allow);
    if (end.cors_expose && !end.cors_expose->empty())
      add_line(head, "Access-Control-Expose-Headers", *end.cors_expose);
    add_line(head, "Vary", "Origin");
  }
  if (head.find("\r\nConnection: ") == std::string::npos)
    head.append(end.close ? "Connection: close\r\n" : "Keep-Alive: timeout=15\r\n");
  head.append("\r\n");
}

std::string http_date(std::chrono::system_clock::time_point wall) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(wall);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                     kDays.substr(static_cast<std::size_t>(utc.tm_wday) * 3, 3), utc.tm_mday,
                     kMonths.substr(static_cast<std::size_t>(utc.tm_mon) * 3, 3),
                     utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string_view DateLine::at(std::chrono::system_clock::time_point wall) {
  const auto second = std::chrono::floor<std::chrono::seconds>(wall.time_since_epoch());
  if (second != made_ || text_.empty()) {
    made_ = second;
    text_ = http_date(wall);
  }
  return text_;
}

const std::string& CannedRefusals::next() {
  const unsigned at = turn_;
  turn_ = (turn_ + 1) % 5;
  std::string& text = made_[at];
  if (text.empty())
    text = fmt::format(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: {}\r\nContent-Length: 0\r\n"
        "Connection: close\r\n\r\n",
        at + 1);
  return text;
}

}  // namespace devs
