#pragma once

#include <filesystem>
#include <string_view>

#include "orchestrator/net/route_table.h"

namespace devs {

// One file of the page as the build made it, in read-only pages of the program: what is
// never asked for is never in memory.
struct EmbeddedFile {
  std::string_view plain;
  std::string_view gzip;
  std::string_view tag;  // 16 hex digits; those of `gzip` have `-gz` behind them
};
struct EmbeddedPage {
  EmbeddedFile html;
  EmbeddedFile rooms;  // views that the page loads when they are opened
  std::string_view policy;
};
// nullptr: built with DEVS_EXPLORER off.
const EmbeddedPage* embedded_page();

// GET and HEAD, without a credential, as they hold no data:
//   /                    who names text/html in Accept gets the page; everybody else (curl
//                        sends */*) a text that says where to go from here
//   /explorer/rooms.js   those of its views that it fetches when they are opened
// Entity tags and 304, gzip for those who take it.  With a `folder` (development) the files
// are read from there at each request, on an http worker, and nobody keeps them.
Status add_explorer_routes(RouteTable& routes, const std::filesystem::path& folder);

}  // namespace devs
