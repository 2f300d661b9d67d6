#pragma once

#include <string_view>

namespace devs {

class RequestHead;

// How a client asks for one form of an answer (RFC 9110 12.5).
enum class Asked { not_at_all, by_wildcard, by_family, by_name };

// What the fields of that lower-case name (`accept`, `accept-encoding`) say of `form`
// (`text/html`, `gzip`).  Of the ranges that cover it the most exact one decides, and
// `q=0` takes it back.
Asked asked_for(const RequestHead& head, std::string_view field, std::string_view form);

// Whether If-None-Match has that entity tag, quotes included, weak or strong, or `*`.
bool has_copy(const RequestHead& head, std::string_view tag);

}  // namespace devs
