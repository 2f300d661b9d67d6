#include "orchestrator/channels/channel_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <utility>

#include "orchestrator/channels/channel_answers.h"
#include "orchestrator/channels/channel_events.h"
#include "orchestrator/channels/channel_path.h"
#include "orchestrator/net/exchange.h"
#include "orchestrator/streams/stream_query.h"
#include "protocol/limits.h"
#include "protocol/wall_time.h"
#include "trace/random.h"

namespace devs {
namespace {

// A disk that has not taken an entry by then is refusing; the entry stays in line.
constexpr std::chrono::seconds kStoredWithin{30};
constexpr std::size_t kMostUtterances = 1'000;  // `limit`
// Title and metadata, a reason, a question of the audience: people's words.
constexpr std::size_t kMaxWordsBody = 64 * 1024;
constexpr JsonBounds kWordsJson{kMaxWordsBody, 16, 10'000, kMaxWordsBody, 256, 64};
constexpr std::array<std::string_view, 5> kInterventions{
    "question", "challenge", "evidence_injection", "pause_request", "clarification_request"};

// One request about one channel.
struct Asked {
  const ChannelSources& house;
  const ChannelWords& words;
  ChannelKey key;
  Exchange& exchange;
};

HttpAnswer bad_request(std::string_view field, std::string_view message) {
  return bad_parameter({field, message});
}

std::int64_t now_ms(const ChannelSources& house) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             house.clock.wall().time_since_epoch())
      .count();
}

HttpAnswer try_again(std::string_view error) {
  HttpAnswer answer = json_answer(503, fmt::format(R"({{"error":"{}"}})", error));
  answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

HttpAnswer refusal_of(const ChannelBook::Told& told, const ChannelKey& key,
                      const ChannelWords& words) {
  const auto said = [&](int status, std::string_view what) {
    return json_answer(status, fmt::format(R"({{"error":"{} {}","{}":"{}"}})", words.noun, what,
                                           words.id_member, key.id));
  };
  switch (told.refusal) {
    case ChannelBook::Refusal::unknown:
      return channel_not_found(key, words);
    case ChannelBook::Refusal::exists:
      return said(409, "exists already");
    case ChannelBook::Refusal::completed:
      return said(409, "is completed");
    case ChannelBook::Refusal::wrong_state:
      return said(400, "is not in the state for that: pause what is live, resume what is paused");
    case ChannelBook::Refusal::bus:
    case ChannelBook::Refusal::none:
      break;
  }
  if (told.bus.code() == Code::unavailable) return try_again("RECORDER_UNAVAILABLE");
  if (told.bus.code() == Code::resource_exhausted) return try_again("TRACE_FULL");
  return answer_of(told.bus);
}

// The answer once what was said is stored, or why it was not said.
void answer_told(const Asked& asked, const ChannelBook::Told& told, HttpAnswer answer) {
  if (told.refusal != ChannelBook::Refusal::none)
    return asked.exchange.respond(refusal_of(told, asked.key, asked.words));
  asked.house.waiters.when_stored(
      told.sequence, [owed = asked.exchange.defer(kStoredWithin),
                      answer = std::move(answer)](const Status& stored) mutable {
        std::move(owed).send(stored.ok() ? std::move(answer) : try_again("RECORDER_UNAVAILABLE"));
      });
}

// The body as an object; an empty one where it may be: `{}`.  Absent: answered.
std::optional<std::string> object_in(Exchange& exchange, const JsonBounds& bounds) {
  if (exchange.body().empty()) return "{}";
  auto text = compact_json(exchange.body(), bounds);
  if (!text.ok()) {
    exchange.respond(bad_request("body", text.status().message()));
    return std::nullopt;
  }
  if (!JsonView(*text).is_object()) {
    exchange.respond(bad_request("body", "must be a JSON object"));
    return std::nullopt;
  }
  return std::move(*text);
}

void post_event(const Asked& asked) {
  const auto body = object_in(asked.exchange, kEnvelopeJson);
  if (!body) return;
  JsonView event, data;
  JsonView(*body).pick({{"event", &event}, {"data", &data}});
  const std::string name = event.string().value_or("");
  if (const auto bad = check_channel_event(asked.key.name, name, data))
    return asked.exchange.respond(bad_request(bad->field, bad->message));
  const auto told =
      asked.house.channels.tell(asked.key, name, data.text(), asked.exchange.principal());
  answer_told(asked, told,
              json_answer(201, fmt::format(R"({{"id":"{}"}})",
                                           encode_event_id(asked.house.epoch, told.sequence))));
}

void post_pause(const Asked& asked) {
  const auto body = object_in(asked.exchange, kWordsJson);
  if (!body) return;
  const JsonView reason = JsonView(*body)["reason"];
  if (reason.present() && !reason.is_string())
    return asked.exchange.respond(bad_request("reason", "must be a string"));
  const std::int64_t now = now_ms(asked.house);
  const auto told =
      asked.house.channels.tell(asked.key, "pause", pause_data(asked.key, reason, now),
                                asked.exchange.principal(), ChannelBook::MustExist::yes);
  answer_told(asked, told,
              json_answer(200, fmt::format(R"({{"status":"paused","{}":"{}","pausedAt":"{}"}})",
                                           asked.words.id_member, asked.key.id, iso_of_ms(now))));
}

void post_resume(const Asked& asked) {
  const std::int64_t now = now_ms(asked.house);
  const auto told =
      asked.house.channels.tell(asked.key, "resume", resume_data(asked.key, now),
                                asked.exchange.principal(), ChannelBook::MustExist::yes);
  answer_told(asked, told,
              json_answer(200, fmt::format(R"({{"status":"live","{}":"{}","resumedAt":"{}"}})",
                                           asked.words.id_member, asked.key.id, iso_of_ms(now))));
}

void post_intervention(const Asked& asked) {
  const auto body = object_in(asked.exchange, kWordsJson);
  if (!body) return;
  Intervention said{
      .id = new_uuid_v7(asked.house.clock), .type = {}, .content = {}, .directed_to = {}};
  JsonView(*body).pick(
      {{"type", &said.type}, {"content", &said.content}, {"directedTo", &said.directed_to}});
  const auto known = [&said](std::string_view type) { return said.type.is(type); };
  if (std::none_of(kInterventions.begin(), kInterventions.end(), known))
    return asked.exchange.respond(
        bad_request("type",
                    "must be question, challenge, evidence_injection, pause_request or "
                    "clarification_request"));
  if (!said.content.is_string() || said.content.is(""))
    return asked.exchange.respond(bad_request("content", "must be a string, and not empty"));
  if (said.directed_to.present() && !said.directed_to.is_string())
    return asked.exchange.respond(bad_request("directedTo", "must be a string"));
  const auto told = asked.house.channels.tell(
      asked.key, "intervention_submitted", intervention_data(asked.key, said, now_ms(asked.house)),
      asked.exchange.principal(), ChannelBook::MustExist::yes);
  answer_told(
      asked, told,
      json_answer(
          201,
          fmt::format(
              R"({{"interventionId":"{}","status":"queued","message":"Intervention submitted"}})",
              said.id)));
}

// The channel as it stands, for who may see it; nullopt: answered.
std::optional<ChannelState> state_of(const Asked& asked) {
  auto picture = asked.house.channels.book().look(asked.key, asked.exchange.principal());
  if (!picture.state) asked.exchange.respond(channel_not_found(asked.key, asked.words));
  return std::move(picture.state);
}

void get_channel(const Asked& asked) {
  const auto state = state_of(asked);
  if (!state) return;
  asked.exchange.respond(
      json_answer(200, channel_json(*state, asked.key, asked.words.id_member,
                                    asked.house.channels.clients().count(asked.key),
                                    encode_event_id(asked.house.epoch, state->last()))));
}

bool read_number(const RequestHead& head, std::string_view name, std::size_t least,
                 std::size_t most, std::size_t& number) {
  const std::string* const text = head.query_param(name);
  if (text == nullptr) return true;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  return error == std::errc() && stop == end && number >= least && number <= most;
}

void get_utterances(const Asked& asked) {
  const RequestHead& head = asked.exchange.head();
  UtterancesAsked page{.speaker = head.query_param("speaker"), .phase = head.query_param("phase")};
  if (!read_number(head, "offset", 0, ChannelState::kMaxTurns, page.offset))
    return asked.exchange.respond(bad_request("offset", "must be a number from 0 to 10000"));
  if (!read_number(head, "limit", 1, kMostUtterances, page.limit))
    return asked.exchange.respond(bad_request("limit", "must be a number from 1 to 1000"));
  const auto state = state_of(asked);
  if (!state) return;
  asked.exchange.respond(json_answer(200, utterances_json(*state, asked.house.texts, page)));
}

void get_transcript(const Asked& asked) {
  const auto state = state_of(asked);
  if (!state) return;
  asked.exchange.respond(json_answer(
      200, transcript_json(*state, asked.house.texts, asked.key, asked.words.id_member)));
}

// `POST` of the collection: the body names the id, or a new one is made.
void post_channel(const ChannelSources& house, const ChannelWords& words, Exchange& exchange) {
  const auto body = object_in(exchange, kWordsJson);
  if (!body) return;
  JsonView id, title, metadata;
  JsonView(*body).pick({{words.id_member, &id}, {"title", &title}, {"metadata", &metadata}});
  const std::string* const name = exchange.head().param("name");
  const auto key = channel_key(name == nullptr ? kDebates : std::string_view(*name),
                               id.present() ? id.string().value_or("") : new_uuid_v7(house.clock));
  if (!key) {
    return exchange.respond(bad_request(
        channel_key(name == nullptr ? kDebates : std::string_view(*name), "x") ? words.id_member
                                                                               : "name",
        kChannelGrammar));
  }
  if (title.present() && !title.is_string())
    return exchange.respond(bad_request("title", "must be a string"));
  if (metadata.present() && !metadata.is_object())
    return exchange.respond(bad_request("metadata", "must be an object"));
  const auto told = house.channels.create(*key, created_data(now_ms(house), title, metadata),
                                          exchange.principal());
  const std::string base =
      &words == &kDebateWords ? "/api/debates/" + key->id : "/api/channels/" + key->text();
  answer_told(
      {house, words, *key, exchange}, told,
      json_answer(201, fmt::format(R"({{"{}":"{}","status":"live","streamUrl":"{}/stream"}})",
                                   words.id_member, key->id, base)));
}

struct Row {
  Method method;
  std::string_view path;  // after the channel's own
  void (*handle)(const Asked&);
  std::size_t max_body;
  bool body_optional;
};
constexpr Row kRows[] = {
    {Method::post, "/events", &post_event, kEnvelopeJson.bytes, false},
    {Method::get, "", &get_channel, 0, false},
    {Method::get, "/utterances", &get_utterances, 0, false},
    {Method::get, "/transcript", &get_transcript, 0, false},
    {Method::post, "/pause", &post_pause, kMaxWordsBody, true},
    {Method::post, "/resume", &post_resume, kMaxWordsBody, true},
    {Method::post, "/interventions", &post_intervention, kMaxWordsBody, false},
};

Route route_of(const Row& row, std::string_view base, const ChannelWords& words,
               std::shared_ptr<const ChannelSources> house) {
  Route route;
  route.method = row.method;
  route.pattern = std::string(base).append(row.path);
  route.handler = [&row, &words, house = std::move(house)](Exchange& exchange) {
    auto key = channel_of(exchange.head(), words);
    if (!key) return exchange.respond(bad_channel(words));
    row.handle({*house, words, std::move(*key), exchange});
  };
  route.max_body = row.max_body;
  route.body_optional = row.body_optional;
  if (row.max_body > 0) route.content_types = {"application/json"};
  return route;
}

}  // namespace

Status add_channel_routes(RouteTable& routes, const ChannelSources& given) {
  const auto house = std::make_shared<const ChannelSources>(given);
  struct Base {
    std::string_view all, one;
    const ChannelWords& words;
  };
  const Base bases[] = {{"/api/debates", "/api/debates/{debateId}", kDebateWords},
                        {"/api/channels/{name}", "/api/channels/{name}/{id}", kChannelWords}};
  for (const Base& base : bases) {
    for (const Row& row : kRows)
      if (Status added = routes.add(route_of(row, base.one, base.words, house)); !added.ok())
        return added;
    Route create;
    create.method = Method::post;
    create.pattern = std::string(base.all);
    create.handler = [house, &words = base.words](Exchange& exchange) {
      post_channel(*house, words, exchange);
    };
    create.max_body = kMaxWordsBody;
    create.body_optional = true;
    create.content_types = {"application/json"};
    if (Status added = routes.add(std::move(create)); !added.ok()) return added;
  }
  return {};
}

}  // namespace devs
