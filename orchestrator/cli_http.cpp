#include "orchestrator/cli_http.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <strings.h>

#include <memory>

namespace devs {
namespace {

constexpr std::size_t kMaxAnswer = 64u << 20u;
constexpr long kTotalSeconds = 3700;  // a tool may take its hour

// libcurl brings 25 libraries, 4 MB of a server that never asks anybody: so it is loaded
// by the first request, and not with the program.
struct Curl {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) init = nullptr;
  decltype(&curl_easy_cleanup) cleanup = nullptr;
  decltype(&curl_easy_setopt) set = nullptr;
  decltype(&curl_easy_perform) perform = nullptr;
  decltype(&curl_easy_getinfo) get_info = nullptr;
  decltype(&curl_easy_strerror) words_of = nullptr;
  decltype(&curl_slist_append) append = nullptr;
  decltype(&curl_slist_free_all) free_all = nullptr;
  bool ready = false;

  Curl() {
    void* const library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    ready = library != nullptr && find(library, "curl_global_init", global_init) &&
            find(library, "curl_easy_init", init) && find(library, "curl_easy_cleanup", cleanup) &&
            find(library, "curl_easy_setopt", set) && find(library, "curl_easy_perform", perform) &&
            find(library, "curl_easy_getinfo", get_info) &&
            find(library, "curl_easy_strerror", words_of) &&
            find(library, "curl_slist_append", append) &&
            find(library, "curl_slist_free_all", free_all) &&
            global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  }

 private:
  template <class Function>
  static bool find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    return function != nullptr;
  }
};

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
  static const Curl curl;
  const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl.ready ? curl.init() : nullptr,
                                                      curl.cleanup);
  if (!handle) return Status(Code::internal, "libcurl.so.4 could not be loaded and started");

  curl_slist* list = nullptr;
  for (const std::string& header : request.headers) list = curl.append(list, header.c_str());
  const std::string bearer = "Authorization: Bearer " + request.token;
  if (!request.token.empty()) list = curl.append(list, bearer.c_str());
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, curl.free_all);

  Transfer transfer{request, {}};
  CURL* c = handle.get();
  curl.set(c, CURLOPT_URL, request.url.c_str());
  curl.set(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl.set(c, CURLOPT_HTTPHEADER, headers.get());
  curl.set(c, CURLOPT_NOSIGNAL, 1L);
  curl.set(c, CURLOPT_CONNECTTIMEOUT, 5L);
  curl.set(c, CURLOPT_WRITEFUNCTION, on_body);
  curl.set(c, CURLOPT_WRITEDATA, &transfer);
  curl.set(c, CURLOPT_HEADERFUNCTION, on_header);
  curl.set(c, CURLOPT_HEADERDATA, &transfer);
  if (!request.method.empty()) curl.set(c, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (!request.on_bytes) curl.set(c, CURLOPT_TIMEOUT, kTotalSeconds);
  if (!request.body.empty()) {
    curl.set(c, CURLOPT_POSTFIELDS, request.body.c_str());
    curl.set(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }

  const CURLcode code = curl.perform(c);
  if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && request.on_bytes))
    return Status(Code::unavailable,
                  "no answer from " + request.url + " (" + curl.words_of(code) +
                      "); is the server running? `mcp-orchestrator serve`, or give --url");
  curl.get_info(c, CURLINFO_RESPONSE_CODE, &transfer.answer.status);
  const char* type = nullptr;
  curl.get_info(c, CURLINFO_CONTENT_TYPE, &type);
  if (type) transfer.answer.content_type = type;
  return std::move(transfer.answer);
}

}  // namespace devs
