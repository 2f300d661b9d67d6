#include "orchestrator/net/public_base.h"

#include <algorithm>

namespace devs {
namespace {

constexpr std::size_t kMaxHost = 255 + 6;  // a DNS name and a port

// A host with or without a port; nothing that could end the URL's authority.
bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= kMaxHost &&
         text.find_first_not_of(
             "0123456789abcdefghijklmnopqrstuvwxyz"
             "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-:[]") == text.npos;
}

}  // namespace

std::string public_base(const RequestHead& head, const std::vector<std::string>& trusted) {
  std::string_view scheme = "http", host = head.host;
  if (std::ranges::find(trusted, head.peer_address) != trusted.end()) {
    const std::string_view proto = head.field("x-forwarded-proto");
    const std::string_view forwarded = head.field("x-forwarded-host");
    if (head.count("x-forwarded-proto") == 1 && (proto == "http" || proto == "https"))
      scheme = proto;
    if (head.count("x-forwarded-host") == 1 && is_host(forwarded)) host = forwarded;
  }
  return std::string(scheme) + "://" + std::string(host);
}

}  // namespace devs
