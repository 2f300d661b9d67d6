// The files that tools/explorer/build.mjs made, as they are.  DEVS_EXPLORER_DIR is where.
#include "orchestrator/explorer_page.h"

#ifdef DEVS_EXPLORER_DIR

#define DEVS_EMBED(name, file)                                                \
  extern "C" const char devs_embedded_##name[], devs_embedded_##name##_end[]; \
  asm(".pushsection .rodata\n"                                                \
      ".global devs_embedded_" #name ", devs_embedded_" #name                 \
      "_end\n"                                                                \
      "devs_embedded_" #name ": .incbin \"" DEVS_EXPLORER_DIR "/" file        \
      "\"\n"                                                                  \
      "devs_embedded_" #name                                                  \
      "_end:\n"                                                               \
      ".popsection\n")

DEVS_EMBED(html, "explorer.html");
DEVS_EMBED(html_gz, "explorer.html.gz");
DEVS_EMBED(html_tag, "explorer.html.tag");
DEVS_EMBED(rooms, "rooms.js");
DEVS_EMBED(rooms_gz, "rooms.js.gz");
DEVS_EMBED(rooms_tag, "rooms.js.tag");
DEVS_EMBED(policy, "explorer.csp");

#define DEVS_EMBEDDED(name) std::string_view(devs_embedded_##name, devs_embedded_##name##_end)

namespace devs {

const EmbeddedPage* embedded_page() {
  static const EmbeddedPage page{
      .html = {DEVS_EMBEDDED(html), DEVS_EMBEDDED(html_gz), DEVS_EMBEDDED(html_tag)},
      .rooms = {DEVS_EMBEDDED(rooms), DEVS_EMBEDDED(rooms_gz), DEVS_EMBEDDED(rooms_tag)},
      .policy = DEVS_EMBEDDED(policy)};
  return &page;
}

}  // namespace devs

#else

const devs::EmbeddedPage* devs::embedded_page() {
  return nullptr;
}

#endif
