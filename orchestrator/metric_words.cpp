#include "orchestrator/metric_words.h"

#include <string_view>

namespace devs {
namespace {

struct Words {
  std::string_view name, help;
};

constexpr Words kWords[] = {
    {"bus_published_total", "entries published since the start, by calls, over HTTP, by the host"},
    {"bus_refused_total", "publishes refused: full (the ring waits for the disk), unavailable"},
    {"bus_ring_bytes", "bytes of the entries in memory"},
    {"bus_ring_entries", "entries in memory, from which readers are served without the disk"},
    {"bus_ring_max_bytes", "trace.ring_bytes"},
    {"bus_ring_max_entries", "trace.ring_entries"},
    {"calls_late_results_total", "tools that answered after their call had ended"},
    {"calls_started_total", "tool calls begun"},
    {"console_annotation_errors_total", "entries the agent console could not annotate"},
    {"console_unknown_types_total", "entries of a type the agent console does not show"},
    {"http_accept_errors_total", "connections the kernel would not give us, by errno"},
    {"http_answers_dropped_total", "answers nobody was there to take, or that were not legal"},
    {"http_connections", "sockets open"},
    {"http_handler_exceptions_total", "requests answered 500 because a handler threw"},
    {"http_refused_total", "requests refused before their handler, by status and reason"},
    {"http_requests_in_hand", "requests read and not answered yet"},
    {"http_router_mismatch_total", "requests two routers disagreed on: a bug"},
    {"http_stream_sends_total", "system calls that sent stream frames"},
    {"http_streams", "streams open, of all kinds"},
    {"http_streams_failed_total", "streams ended because their frames could not be made"},
    {"http_streams_stalled_total", "streams closed: not a byte taken for 30 s"},
    {"mcp_sessions", "MCP sessions open"},
    {"mcp_sessions_ended_total", "MCP sessions ended by us: evicted, idle"},
    {"mcp_stdio_messages_total", "messages over stdio, by direction: in, out"},
    {"mcp_stdio_refused_total", "lines over stdio that were no message"},
    {"mcp_stray_responses_total", "answers of hosts to questions nobody asked"},
    {"mcp_streams_total", "calls answered by a stream"},
    {"mcp_tasks_running", "MCP tasks that run"},
    {"mcp_tasks_total", "MCP tasks begun"},
    {"mcp_unknown_cancels_total", "cancellations of calls that do not run"},
    {"mcp_version_differs_total", "requests whose version header is not their session's"},
    {"reactor_longest_turn_us", "longest the reactor was busy at a stretch, since the start"},
    {"recorder_batches_total", "commits: groups of entries written at once"},
    {"recorder_bytes_total", "bytes of log lines written"},
    {"recorder_commit_seconds", "time per commit, its sync included"},
    {"recorder_entries_total", "entries stored"},
    {"recorder_failing", "1 while the disk refuses"},
    {"recorder_failures_total", "commits the disk refused, each try counted"},
    {"recorder_freed_segments_total", "segments the recorder dropped because the disk was full"},
    {"recorder_lost_entries_total", "entries given up: on_failure continue, or a stop"},
    {"recorder_queue_bytes", "bytes of entries that wait for the disk"},
    {"recorder_queue_entries", "entries that wait for the disk"},
    {"recorder_queue_oldest_ms", "age of the oldest entry that waits for the disk"},
    {"saop_bad_id_total", "ids in published envelopes that are not SAOP ids"},
    {"saop_bad_observation_total", "published observations without what one must have"},
    {"saop_duplicate_call_total", "published tool_call_ids seen before"},
    {"saop_incomplete_total", "published envelopes that lack a member, by member"},
    {"saop_orphan_total", "published observations without their action"},
    {"saop_published_total", "envelopes taken by POST /trace/publish"},
    {"saop_refused_total", "envelopes POST /trace/publish refused for what they are"},
    {"segments_disk_bytes", "bytes of all segments on disk"},
    {"segments_dropped_entries_total", "entries in those"},
    {"segments_dropped_total", "segments the keeper dropped: retention, or room to seal"},
    {"segments_failures_total", "times a segment could not be sealed or dropped; tried again"},
    {"segments_rolled", "segments that wait to be sealed"},
    {"segments_sealed", "segments compressed, checksummed and chained"},
    {"stream_batches_total", "batches of frames laid out for live readers"},
    {"stream_delivered_bytes_total", "bytes of frames given to readers"},
    {"stream_deliveries_total", "frames of entries and gaps given to readers"},
    {"stream_disk_fetches_total", "stretches of log read from disk for readers"},
    {"stream_envelope_oversize_total", "entries too large for a stream"},
    {"stream_evictions_total", "readers whose stream was ended by us, by reason"},
    {"stream_frames_encoded_total", "frames encoded, once for all readers alike"},
    {"stream_gaps_total", "gaps declared to readers: expired, corrupt, recorder"},
    {"stream_gathers_total", "times a look at the log was put off by up to 1 ms, to find more"},
    {"stream_heartbeats_skipped_total", "heartbeats not sent because data was due"},
    {"stream_live_lag_seconds", "how long live readers waited from an entry to their turn"},
    {"stream_readers", "readers that are live, or catch up from the ring or from disk"},
    {"stream_replay_rationed_total", "fetches put off because live readers had to wait"},
    {"stream_resets_total", "readers told to start afresh: their id fits no entry"},
    {"streams_opened_total", "streams opened"},
    {"streams_refused_total", "streams refused: 503 too many, or the end; 429 too many of one"},
    {"subscriber_exceptions_total", "subscribers of the host that threw"},
    {"subscriber_missed_total", "entries a subscriber of the host was too slow for"},
    {"trace_index_batches_total", "transactions of the index"},
    {"trace_index_entries_total", "entries indexed"},
    {"trace_index_failures_total", "times the index could not be written; tried again"},
    {"trace_index_lag_entries", "entries visible and not indexed yet"},
    {"trace_index_rebuilds_total", "times the index was made anew from the log"},
    {"trace_index_through", "last entry indexed"},
    {"trace_index_up", "1 while questions can be answered"},
    {"trace_queries_refused_total", "questions refused: unavailable, too_broad, bad_request"},
    {"trace_queries_total", "questions asked"},
    {"upstream_dropped_notifications_total", "notifications of an MCP server nobody waits for"},
    {"upstream_junk_lines_total", "lines of an MCP server that are no JSON-RPC"},
    {"upstream_restarts_total", "times an MCP server was started again"},
    {"upstream_stderr_suppressed_total", "lines of an MCP server's stderr not logged"},
    {"upstream_stray_replies_total", "answers of an MCP server to no question of ours"},
};

}  // namespace

void describe_metrics(Metrics& metrics) {
  for (const auto& [name, help] : kWords) metrics.describe(name, help);
}

}  // namespace devs
