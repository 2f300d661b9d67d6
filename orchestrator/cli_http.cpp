#include "orchestrator/cli_http.h"

#include <curl/curl.h>
#include <strings.h>

#include <memory>

namespace devs {
namespace {

constexpr std::size_t kMaxAnswer = 64u << 20u;
constexpr long kTotalSeconds = 3700;  // a tool may take its hour

struct Transfer {
  const CliRequest& request;
  CliAnswer answer;
};

std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* to) {
  auto& transfer = *static_cast<Transfer*>(to);
  if (transfer.request.on_bytes) return transfer.request.on_bytes({bytes, size}) ? size : 0;
  if (transfer.answer.body.size() + size > kMaxAnswer) return 0;
  transfer.answer.body.append(bytes, size);
  return size;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* to) {
  constexpr std::string_view kSession = "mcp-session-id:";
  std::string_view line(bytes, size);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.size() > kSession.size() &&
      strncasecmp(line.data(), kSession.data(), kSession.size()) == 0) {
    line.remove_prefix(kSession.size());
    while (line.starts_with(' ')) line.remove_prefix(1);
    static_cast<Transfer*>(to)->answer.session_id = line;
  }
  return size;
}

}  // namespace

Result<CliAnswer> cli_http(const CliRequest& request) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(ready == CURLE_OK ? curl_easy_init() : nullptr,
                                                    curl_easy_cleanup);
  if (!curl) return Status(Code::internal, "libcurl could not be started");

  curl_slist* list = nullptr;
  for (const std::string& header : request.headers) list = curl_slist_append(list, header.c_str());
  const std::string bearer = "Authorization: Bearer " + request.token;
  if (!request.token.empty()) list = curl_slist_append(list, bearer.c_str());
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, curl_slist_free_all);

  Transfer transfer{request, {}};
  CURL* c = curl.get();
  curl_easy_setopt(c, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 5L);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, &transfer);
  if (!request.method.empty()) curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (!request.on_bytes) curl_easy_setopt(c, CURLOPT_TIMEOUT, kTotalSeconds);
  if (!request.body.empty()) {
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, request.body.c_str());
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }

  const CURLcode code = curl_easy_perform(c);
  if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && request.on_bytes))
    return Status(Code::unavailable,
                  "no answer from " + request.url + " (" + curl_easy_strerror(code) +
                      "); is the server running? `mcp-orchestrator serve`, or give --url");
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &transfer.answer.status);
  const char* type = nullptr;
  curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
  if (type) transfer.answer.content_type = type;
  return std::move(transfer.answer);
}

}  // namespace devs
