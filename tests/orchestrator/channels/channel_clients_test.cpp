// What a host does with the clients of its channels: one message to one, the end of all.

#include <doctest/doctest.h>

#include <string>

#include "tests/orchestrator/channels/debate_house.h"

namespace devs {
namespace {

TEST_CASE("send_to_client: to that client alone, without id, and recorded nowhere") {
  DebateHouse house;
  DebateStream one(house, kStream), two(house, kStream);
  const std::string client = one.client_id();
  (void)two.client_id();
  Channels& channels = house.server->channels();
  REQUIRE(channels.send_to_client(client, "hint", R"({"text":"your turn"})").ok());
  CHECK(one.next() == R"(hint {"text":"your turn"})");
  CHECK(one.events.raw().ends_with("\n\nevent: hint\ndata: {\"text\":\"your turn\"}\n\n"));
  house.utter("42", 1);
  CHECK(one.next() == utterance_event(1));
  CHECK(two.next() == utterance_event(1));
  CHECK(house.get("/trace/log").body.find("your turn") == std::string::npos);

  CHECK(channels.send_to_client("nobody", "hint", "{}").code() == Code::not_found);
  CHECK(channels.send_to_client(client, "gap", "{}").code() == Code::invalid_argument);
  CHECK(channels.send_to_client(client, "hint", "[]").code() == Code::invalid_argument);
  const std::string large = R"({"x":")" + std::string(kMaxUnrecorded, 'x') + "\"}";
  CHECK(channels.send_to_client(client, "hint", large).code() == Code::resource_exhausted);
}

TEST_CASE("send_to_client: for a client that does not read, so much waits, and no more") {
  DebateHouse house;
  DebateStream deaf(house, kStream);
  const std::string client = deaf.client_id();
  Channels& channels = house.server->channels();
  // More than the kernel holds for it.
  for (int n = 0; n < 20; ++n)
    house.say("42", "applause", R"({"x":")" + std::string(900'000, 'x') + "\"}");
  const std::string note = R"({"x":")" + std::string(8'000, 'x') + "\"}";
  const TimePoint deadline = soon();
  bool dropped = false;
  while (!dropped && std::chrono::steady_clock::now() < deadline) {
    (void)channels.send_to_client(client, "hint", note);
    dropped = house.lines.count("channel_send_dropped") > 0;
    std::this_thread::yield();
  }
  CHECK(dropped);
  // It reads again: entries all, and of what was for it alone as much as waited.
  int hints = 0, applauses = 0;
  while (applauses < 20) {
    const auto event = deaf.events.next();
    REQUIRE(event);
    (event->event == "hint" ? hints : applauses) += 1;
  }
  CHECK(hints <= static_cast<int>(kMaxUnrecorded / note.size()) + 1);
}

TEST_CASE("[S3.14] Channels::shutdown: goodbye to all of its clients, ended within a second") {
  DebateHouse house;
  DebateStream one(house, kStream), two(house, "/api/channels/runs/7/stream"),
      trace(house, "/trace/stream");
  (void)one.client_id();
  (void)two.client_id();
  const auto begin = std::chrono::steady_clock::now();
  house.server->channels().shutdown();
  for (DebateStream* stream : {&one, &two}) {
    CHECK(stream->next().starts_with(R"(goodbye {"reason":"shutdown","retry_ms":)"));
    CHECK(stream->next() == "");
    CHECK(stream->events.ended());
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
  CHECK(house.lines.wait_for("channel_disconnect", "clients_of_all=0") != "");
  // Other streams, and who comes later, are served.
  DebateStream later(house, kStream);
  CHECK(is_uuid(later.client_id()));
  house.utter("42", 1);
  CHECK(later.next() == utterance_event(1));
}

}  // namespace
}  // namespace devs
