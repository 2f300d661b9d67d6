#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "orchestrator/orchestrator_server.h"

namespace devs {

// The parts of the fixture; each adds what it is about and ends the program when the
// server refuses, which would be a bug of the fixture.
void add_fixture_tools(OrchestratorServer& server);     // answers, logs, progress, changes
void add_fixture_asks(OrchestratorServer& server);      // tools that ask the client
void add_fixture_tasks(OrchestratorServer& server);     // tools that become MCP tasks
void add_fixture_offers(OrchestratorServer& server);    // resources, prompts, completions
void add_fixture_features(OrchestratorServer& server);  // what clients use and no scenario needs
void must(const Status& status);

// 1 x 1 pixel; the shortest WAV.
inline constexpr std::string_view kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJg"
    "gg==";
inline constexpr std::string_view kWav =
    "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

inline constexpr std::string_view kNoArguments = R"({"type":"object","properties":{}})";

// What the scenarios want between two messages, or of a long job; over at once when
// nobody waits any more.
void pause(const ToolRun& run, std::chrono::milliseconds time = std::chrono::milliseconds(50));

// {"content":[...]} of blocks already in JSON.
ToolOutcome content_of(std::string_view blocks);
// A question by elicitation, `properties` being those of the form's schema.
ClientQuestion form(std::string key, std::string_view message, std::string_view properties,
                    std::string_view required = "[]");
ClientQuestion sample(std::string key, std::string_view prompt);
ClientQuestion roots(std::string key);

}  // namespace devs
