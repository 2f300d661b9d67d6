#include "orchestrator/streams/reader_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "orchestrator/streams/stream_query.h"
#include "orchestrator/streams/stream_reader.h"
#include "orchestrator/streams/topic_change.h"
#include "protocol/json.h"

namespace devs {
namespace {

constexpr JsonBounds kBodyJson{16 * 1024, 4, 256, 256, 64, 32};
constexpr auto kAnsweredWithin = std::chrono::seconds(10);  // the reactor is asked once or twice
constexpr std::size_t kReadersPerTurn = 256;                // written down, then the others
constexpr std::int64_t kMostSteps = 100'000;                // of one request

HttpAnswer no_such_stream() {
  return error_answer(404, "NOT_FOUND", "stream");
}
HttpAnswer not_yours() {
  return error_answer(403, "FORBIDDEN", "scope");
}

std::string id_of(const Exchange& exchange) {
  const std::string* const id = exchange.head().param("id");
  return id == nullptr ? std::string() : *id;
}

// Asks on the reactor and sends what it says; 404 is said here.
template <class Say>
void ask_own(HubCore& hub, Exchange& exchange, Say say) {
  hub.ask(id_of(exchange), [who = exchange.principal(), answer = exchange.defer(kAnsweredWithin),
                            say = std::move(say)](HubCore& here, StreamReader* stream) mutable {
    if (stream == nullptr) return std::move(answer).send(no_such_stream());
    // Another's is none to whoever may not see it.
    if (!who.is_operator && who.name != stream->principal().name)
      return std::move(answer).send(no_such_stream());
    std::move(answer).send(say(here, *stream));
  });
}

// --- topics ---

struct TopicChange {
  std::optional<std::vector<std::string>> topics;  // all of them
  std::vector<std::string> add, remove;
};

bool read_texts(JsonView list, std::vector<std::string>& texts) {
  if (!list.is_array() || list.size() > kMaxTopics) return false;
  bool all = true;
  list.each_element([&](JsonView element) {
    const auto text = element.string();
    all = all && text.has_value();
    if (text) texts.push_back(*text);
  });
  return all;
}

// nullopt: `bad` says what of the body is wrong.
std::optional<TopicChange> read_change(const std::string& body, BadParameter& bad) {
  const Result<std::string> text = compact_json(body, kBodyJson);
  if (!text.ok() || !JsonView(*text).is_object()) {
    bad = {"body", "must be a JSON object of at most 16 KB"};
    return std::nullopt;
  }
  JsonView topics, add, remove;
  JsonView(*text).pick({{"topics", &topics}, {"add", &add}, {"remove", &remove}});
  TopicChange change;
  if (topics.present() == (add.present() || remove.present())) {
    bad = {"topics", "send either topics, or add and remove"};
    return std::nullopt;
  }
  if (topics.present() && !read_texts(topics, change.topics.emplace())) {
    bad = {"topics", kTopicsGrammar};
  } else if (add.present() && !read_texts(add, change.add)) {
    bad = {"add", kTopicsGrammar};
  } else if (remove.present() && !read_texts(remove, change.remove)) {
    bad = {"remove", kTopicsGrammar};
  }
  if (!bad.field.empty()) return std::nullopt;
  return change;
}

HttpAnswer apply(HubCore& hub, StreamReader& stream, const TopicChange& change) {
  if (stream.topics_are_fixed()) return error_answer(409, "CONFLICT", "topics_are_fixed");
  std::vector<std::string> texts = change.topics.value_or(change.add);
  if (!change.topics)
    for (std::string& topic : topic_texts(stream.filter())) texts.push_back(std::move(topic));
  for (const std::string& gone : change.remove) std::erase(texts, gone);
  auto changed = change_topics(stream, texts);
  if (auto* const refusal = std::get_if<HttpAnswer>(&changed)) return std::move(*refusal);
  const auto& [list, from] = std::get<ChangedTopics>(changed);
  return json_answer(200, fmt::format(R"({{"topics":[{}],"from":"{}"}})", list,
                                      encode_event_id(hub.epoch(), from)));
}

// --- the list ---

// Writes the readers down, some each turn, and answers.
struct Listing {
  DeferredAnswer answer;
  std::vector<std::uint64_t> left;
  std::string text = "[";
};

void write_some(HubCore& hub, Listing listing) {
  for (std::size_t n = 0; n < kReadersPerTurn && !listing.left.empty(); ++n) {
    StreamReader* const stream = hub.find(listing.left.back());
    listing.left.pop_back();
    if (stream == nullptr) continue;  // it went between two turns
    if (listing.text.size() > 1) listing.text += ',';
    append_reader(listing.text, stream->report(), hub.stream_id(stream->id()), hub.epoch());
  }
  if (listing.left.empty()) {
    listing.text += ']';
    return std::move(listing.answer).send(json_answer(200, std::move(listing.text)));
  }
  hub.ask({}, [listing = std::move(listing)](HubCore& here, StreamReader*) mutable {
    write_some(here, std::move(listing));
  });
}

}  // namespace

void list_readers(HubCore& hub, Exchange& exchange) {
  if (!exchange.principal().is_operator) return exchange.respond(not_yours());
  hub.ask({}, [answer = exchange.defer(kAnsweredWithin)](HubCore& here, StreamReader*) mutable {
    std::vector<std::uint64_t> ids = here.open_streams();
    std::sort(ids.rbegin(), ids.rend());  // taken from the back: the oldest reader first
    write_some(here, {std::move(answer), std::move(ids)});
  });
}

void evict_reader(HubCore& hub, Exchange& exchange) {
  if (!exchange.principal().is_operator) return exchange.respond(not_yours());
  ask_own(hub, exchange, [](HubCore&, StreamReader& stream) {
    stream.evict(Eviction::admin);
    return HttpAnswer{.status = 204};
  });
}

void change_reader_topics(HubCore& hub, Exchange& exchange) {
  BadParameter bad;
  std::optional<TopicChange> change = read_change(exchange.body(), bad);
  if (!change) return exchange.respond(bad_parameter(bad));
  ask_own(hub, exchange, [change = std::move(*change)](HubCore& here, StreamReader& stream) {
    return apply(here, stream, change);
  });
}

void step_reader(HubCore& hub, Exchange& exchange) {
  std::int64_t count = 1;
  if (!exchange.body().empty()) {
    const Result<std::string> text = compact_json(exchange.body(), kBodyJson);
    const JsonView given = text.ok() ? JsonView(*text)["count"] : JsonView();
    count = given.present() ? given.integer().value_or(0)
                            : (text.ok() && JsonView(*text).is_object() ? 1 : 0);
  }
  if (count < 1 || count > kMostSteps)
    return exchange.respond(bad_parameter({"count", "must be a number from 1 to 100000"}));
  ask_own(hub, exchange, [count](HubCore&, StreamReader& stream) {
    if (!stream.step(static_cast<std::size_t>(count)))
      return error_answer(409, "CONFLICT", "not_stepping");
    return json_answer(200, fmt::format(R"({{"count":{}}})", count));
  });
}

}  // namespace devs
