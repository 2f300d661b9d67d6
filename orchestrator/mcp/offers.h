#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/calls/tool.h"
#include "protocol/json.h"
#include "protocol/result.h"
#include "trace/bell.h"
#include "trace/mutex.h"

namespace devs {

// Values that fit what a person has typed of one argument so far; at most 100 are sent.
// `context` is the object of arguments already chosen, or absent.
using CompletionFunction = std::function<std::vector<std::string>(
    std::string_view argument, std::string_view typed, JsonView context)>;

// A prompt, a resource, or a template of resources.  Its function answers prompts/get or
// resources/read as a tool answers a call, and may ask the client as a tool may.
struct Offer {
  std::string key;   // the prompt's name, the resource's URI, the template
  std::string json;  // the Prompt, Resource or ResourceTemplate object, compact
  ToolPtr function;  // not null
  CompletionFunction complete;
};
using OfferPtr = std::shared_ptr<const Offer>;

// Prompt, Resource and ResourceTemplate objects with what every client shows.
struct PromptArgument {
  std::string name, description;
  bool required = false;
};
std::string prompt_json(std::string_view name, std::string_view description,
                        const std::vector<PromptArgument>& arguments);
std::string resource_json(std::string_view uri, std::string_view name, std::string_view description,
                          std::string_view mime_type);
std::string resource_template_json(std::string_view uri_template, std::string_view name,
                                   std::string_view description, std::string_view mime_type);

// The variables of `uri` as an instance of `uri_template` (RFC 6570 level 1: `{id}`
// stands for one or more bytes without a slash); nullopt: it is none.
std::optional<std::map<std::string, std::string>> match_template(std::string_view uri_template,
                                                                 std::string_view uri);

// What the house offers beside tools, one kind of it.  Listed in order of keys, so that a
// list is the same whatever order offers came in.  Thread-safe.
class Offers {
 public:
  // Immutable, as of one moment.
  struct Shelf {
    std::map<std::string, OfferPtr, std::less<>> by_key;
    std::uint64_t generation = 0;
  };
  using ShelfPtr = std::shared_ptr<const Shelf>;

  ShelfPtr snapshot() const DEVS_EXCLUDES(mutex_);
  OfferPtr find(std::string_view key) const DEVS_EXCLUDES(mutex_);
  // Refuses an empty key, one that is taken, and an offer without its function.
  Status add(Offer offer) DEVS_EXCLUDES(mutex_);
  bool remove(std::string_view key) DEVS_EXCLUDES(mutex_);
  // Rung after each change.  Before the first change; for the life of these offers.
  void attach(Bell& bell) DEVS_EXCLUDES(mutex_);

 private:
  void ring(const std::vector<Bell*>& bells);

  mutable Mutex mutex_;
  ShelfPtr current_ DEVS_GUARDED_BY(mutex_) = std::make_shared<const Shelf>();
  std::vector<Bell*> bells_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
