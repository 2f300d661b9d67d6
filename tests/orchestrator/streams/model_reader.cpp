#include "tests/orchestrator/streams/model_reader.h"

#include <cstdlib>
#include <string_view>
#include <utility>

namespace devs {
namespace {

std::string encoded(const std::string& text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (c > ' ' && c != '%' && c != '&' && c != '#' && c != '+' && c < 0x7f) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return out;
}

template <class Texts>
std::string joined(const Texts& texts, const std::string& quote = "") {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ",") + quote + text + quote;
  return list;
}

}  // namespace

ModelReader::ModelReader(ModelHouse& house, Dice& dice, std::filesystem::path dir)
    : house_(&house), dice_(dice), dir_(std::move(dir)) {
}

// --- asking ---

// What no file can hold any more, by their names.
Sequence ModelReader::gone_now() const {
  const Sequence expired = expired_through(dir_);
  Sequence first = 0;
  for (const auto& each : std::filesystem::directory_iterator(dir_ / "segments")) {
    const Sequence base = std::strtoull(each.path().filename().c_str(), nullptr, 10);
    if (first == 0 || base < first) first = base;
  }
  return first == 0 ? expired : first - 1;
}

std::string ModelReader::any_query() {
  ModelWish& wish = life_.wish;
  std::string query;
  const auto add = [&query](const std::string& name, const std::string& value) {
    query += '&' + name + '=' + encoded(value);
  };
  bool named = dice_.once_in(2);
  if (named) {
    const auto topics = any_topics(dice_, uuids_);
    wish.topics = {topics.begin(), topics.end()};
    add("topics", joined(topics));
  }
  // The narrowest id is the topic where none was named; the others filter.
  const std::vector<std::pair<std::string, std::string*>> ids{
      {"task", &wish.task}, {"session", &wish.session}, {"agent", &wish.agent}};
  for (const auto& [name, wanted] : ids) {
    if (!dice_.once_in(8)) continue;
    const std::string id = uuids_ ? kModelIds.back() : dice_.one_of(kModelIds);
    add(name + "Id", id);
    if (std::exchange(named, true)) {
      *wanted = id;
    } else {
      wish.topics = {name + ':' + id};
    }
  }
  const auto any_of = [&](const std::string& name, std::set<std::string>& wanted,
                          const std::vector<std::string>& values) {
    if (!dice_.once_in(8)) return;
    for (std::size_t n = 1 + dice_.below(2); n > 0; --n) wanted.insert(dice_.one_of(values));
    add(name, joined(wanted));
  };
  any_of(dice_.once_in(2) ? "type" : "types", wish.types, kModelTypes);
  any_of("tool", wish.tools, kModelTools);
  any_of("agent", wish.agents, kModelIds);
  any_of("session", wish.sessions, kModelIds);
  any_of("status", wish.statuses, kModelStatuses);
  if (dice_.once_in(8)) {
    wish.min_duration_ms = 10;
    add("min_duration_ms", "10");
  }
  return query;
}

std::string ModelReader::any_replay() {
  life_.replay = true;
  std::string query = "&speed=max";
  const auto any_place = [this] { return 1 + dice_.below(life_.head_before); };
  if (life_.head_before > 0 && dice_.once_in(2)) {
    life_.from = any_place();
    query += "&from=" + encode_event_id(house_->epoch(), *life_.from);
  }
  if (life_.head_before > 0 && dice_.once_in(2)) {
    life_.to = any_place();
    query += "&to=" + encode_event_id(house_->epoch(), *life_.to);
  }
  return query;
}

// Headers; what goes into the query is appended there.
std::string ModelReader::any_id(std::string& query) {
  std::string id = last_id_;  // what a client does that comes back
  switch (dice_.below(12)) {
    case 0:
      id.clear();
      break;
    case 1:
      id = encode_event_id(house_->epoch(), life_.head_before + 1 + dice_.below(4));
      break;
    case 2:
      id = encode_event_id("aaaaaaaaaa", dice_.below(20));
      break;
    case 3:
      id = dice_.once_in(2) ? "not an id" : house_->epoch() + '-' + std::string(60, '1');
      break;
    case 4:
    case 5:  // seen or not, kept or not
      id = encode_event_id(house_->epoch(), dice_.below(life_.head_before + 1));
      break;
    case 6:
      id = "earliest";
      break;
    default:
      break;
  }
  if (id == "earliest" || (!id.empty() && dice_.once_in(2))) {
    query += "&lastEventId=" + encoded(id);
    if (id == "earliest") {
      life_.earliest = true;
    } else {
      life_.id = id;
    }
    if (!dice_.once_in(8)) return dice_.once_in(8) ? "Last-Event-ID:\r\n" : "";
    // The header is newer, and wins.
    id = encode_event_id(house_->epoch(), dice_.below(life_.head_before + 2));
    life_.earliest = false;
  } else if (id.empty()) {
    if (dice_.once_in(2)) query += "&lastEventId=latest";
    return "";
  }
  life_.id = id;
  life_.id_twice = dice_.once_in(16);
  const std::string header = "Last-Event-ID: " + id + "\r\n";
  return life_.id_twice ? header + header : header;
}

void ModelReader::connect() {
  life_ = {};
  chunks_.clear();
  looked_ = 0;
  life_.gone_before = gone_now();
  life_.head_before = house_->bus.head();
  static const std::vector<std::string> kPaths{"/trace/stream", "/trace/stream", "/stream",
                                               "/agent-console/stream", "/trace/replay"};
  const std::string& path = dice_.one_of(kPaths);
  uuids_ = path == "/stream";
  life_.wish.console = path == "/agent-console/stream";
  std::string query = any_query();
  if (path == "/trace/replay") query += any_replay();
  const std::string headers = any_id(query);
  if (!query.empty()) query[0] = '?';
  life_.request = path + query + ' ' + headers;
  client_ = RawClient(house_->port(), {}, false, 4096);
  const RawAnswer head = client_.ask(get_text(path + query, house_->port(), headers), true);
  life_.last_after = house_->bus.last();
  life_.expired_after = expired_through(dir_);
  life_.status = head.status;
  life_.head_id = head.header("x-head-event-id");
  stream_id_ = head.header("x-stream-id");
  connected_ = true;
  read_at_ = house_->clock.steady();
  if (head.status != 200) return end();
  take(client_.take());
}

// --- reading ---

void ModelReader::read(std::size_t most) {
  const TimePoint now = house_->clock.steady();
  life_.waited_long = life_.waited_long || now > read_at_;
  while (client_.read_some(std::min<std::size_t>(most, 16'384))) {
    most -= client_.buffer().size();
    take(client_.take());
    if (most == 0) return;
  }
  read_at_ = now;  // all there was: a few bytes less may not open the window
  if (client_.ended()) {
    life_.ended = true;
    end();
  }
}

void ModelReader::take(std::string bytes) {
  chunks_ += bytes;
  std::size_t at = 0;
  for (;;) {
    const std::size_t line = chunks_.find("\r\n", at);
    if (line == std::string::npos) break;
    const std::size_t size = std::stoul(chunks_.substr(at, line - at), nullptr, 16);
    if (chunks_.size() < line + 2 + size + 2) break;
    life_.finished = size == 0;
    life_.body.append(chunks_, line + 2, size);
    if (!life_.body.ends_with("\n\n")) fail("a chunk that is not whole frames");
    at = line + 2 + size + 2;
  }
  chunks_.erase(0, at);
  look_for_gaps();
}

void ModelReader::look_for_gaps() {
  static constexpr std::string_view kGap = "\nevent: gap\n";
  for (std::size_t at; (at = life_.body.find(kGap, looked_)) != std::string::npos;
       looked_ = at + kGap.size())
    life_.expired_at_gap.push_back(expired_through(dir_));
}

Sequence ModelReader::newest_id() const {
  const std::string line = "id: " + house_->epoch() + '-';
  const std::size_t at = life_.body.rfind(line);
  return at == std::string::npos ? 0 : std::stoull(life_.body.substr(at + line.size()));
}

void ModelReader::end() {
  if (const Sequence newest = newest_id(); newest > 0)
    last_id_ = encode_event_id(house_->epoch(), newest);
  lives_.push_back(std::move(life_));
  client_.close();
  connected_ = false;
}

void ModelReader::die() {
  if (dice_.once_in(2)) {
    client_.hard_close();
  } else {
    client_.close();
  }
  end();
}

// --- asking about an open stream ---

RawAnswer ModelReader::ask(const std::string& method, const std::string& path,
                           const std::string& body) {
  RawClient client(house_->port());
  std::string request = post_text(path, house_->port(), body);
  request.replace(0, 4, method);
  return client.ask(request);
}

void ModelReader::change_topics() {
  std::vector<std::string> topics = any_topics(dice_, uuids_);
  const Sequence seen = newest_id();
  std::string body = "{\"topics\":[" + joined(topics, "\"") + "]}";
  std::set<std::string> wanted(topics.begin(), topics.end());
  if (dice_.once_in(2)) {
    body = "{\"add\":[" + joined(topics, "\"") + "]}";
    const auto& now = life_.changes.empty() ? life_.wish.topics : life_.changes.back().topics;
    wanted.insert(now.begin(), now.end());
  }
  const RawAnswer answer = ask("POST", "/trace/streams/" + stream_id_ + "/topics", body);
  if (answer.status == 404) {
    // Evicted, or a replay that is over; what it sent is still to be read.
    if (!read_to_the_end()) fail("topics of a stream that is there are not found");
    return;
  }
  const std::string name = "\"from\":\"";
  const std::size_t at = answer.body.find(name);
  if (answer.status != 200 || at == std::string::npos)
    return fail("topics were not changed: " + answer.head + answer.body);
  const std::size_t from = at + name.size();
  life_.changes.push_back(
      {seen, answer.body.substr(from, answer.body.find('"', from) - from), std::move(wanted)});
}

void ModelReader::be_thrown_out() {
  life_.thrown_out = true;
  const RawAnswer answer = ask("DELETE", "/trace/readers/" + stream_id_, "");
  if (answer.status != 204 && answer.status != 404)
    return fail("was not thrown out: " + answer.head + answer.body);
  if (!read_to_the_end()) fail("an evicted stream goes on");
}

bool ModelReader::read_to_the_end() {
  for (const TimePoint deadline = soon(); connected_;) {
    read(1U << 20U);
    if (!connected_) break;
    if (std::chrono::steady_clock::now() > deadline) return false;
    wait();
  }
  return true;
}

void ModelReader::hear_goodbye() {
  life_.house_closed = true;
  if (connected_ && !read_to_the_end()) fail("no goodbye");
}

void ModelReader::wait() const {
  pollfd one{.fd = client_.fd(), .events = POLLIN, .revents = 0};
  ::poll(&one, 1, 2);
}

// Whoever has everything says so with its heartbeat: the checkpoint is the head.
bool ModelReader::at_the_head() const {
  return !connected_ || (!life_.replay && newest_id() >= house_->bus.head());
}

}  // namespace devs
