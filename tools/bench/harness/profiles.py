"""P: every stream profile, by its row: how soon, how even, and undisturbed."""
import dataclasses
import json
import os

from harness.bench import Figure, Part

THOUGHT = {"type": "thought", "task_id": "bench", "turn_index": 1, "timestamp_ns": "1",
           "payload": {"analysis": {"reasoning_chain": "{mark}"}}}
ACTION = {"type": "action", "task_id": "bench", "tool_call_id": "{mark}", "timestamp_ns": "1",
          "payload": {"tool_call": {"tool_name": "echo", "arguments": {}, "depends_on": []}}}


def execution(calls):
    """A task whose id is the mark: calls of different tools, one after the other, and its end."""
    lines = []
    for n in range(calls):
        lines.append({"type": "action", "task_id": "{mark}", "tool_call_id": f"{{mark}}-{n}", "timestamp_ns": "1",
                      "payload": {"tool_call": {"tool_name": f"tool{n}", "depends_on": []}}})
        lines.append({"type": "observation", "task_id": "{mark}", "tool_call_id": f"{{mark}}-{n}", "timestamp_ns": "2",
                      "metadata": {"status": "SUCCESS", "tool_name": f"tool{n}"}, "payload": {}})
    lines.append({"type": "lifecycle", "task_id": "{mark}", "payload": {"event": "TASK_COMPLETED"}})
    return "\n".join(map(json.dumps, lines))


def uttered(size=0):
    return json.dumps({"event": "utterance", "data": {"id": "{mark}", "timestamp": 1, "phase": "opening", "speaker": "pro",
                                                      "content": "x" * size}})


def reported(size=0):
    return json.dumps({"progress": 50, "message": "{mark}" + "x" * size})


def padded(envelope, size):
    return json.dumps(envelope | {"payload": envelope["payload"] | {"pad": "x" * size}})


@dataclasses.dataclass
class Profile:
    """A row of the stream table, and what its readers are told: `{mark}` stands in it."""

    stream: str
    body: str
    loud: str  # the same, so large that a reader who stops is soon behind
    publish: str = "/trace/publish"
    method: str = "POST"
    content_type: str = "application/json"
    heartbeat: str = ": heartbeat"
    period: float = 15
    websocket: str = "no"
    by_stamp: str = "no"  # an event that the server makes says itself since when
    rate: float = 100  # events per second beside a reader that stalls
    stalled: str = ""  # what those who stall follow, when it is another stream
    before: tuple = ()  # (method, path, JSON) sent first: what must exist


DEBATE = Profile("/api/debates/bench/stream", uttered(100), uttered(4000), publish="/api/debates/bench/events",
                 heartbeat=":heartbeat", before=(("POST", "/api/debates", {"debateId": "bench"}),))

# Steps of a task that is driven from outside.
TASK = Profile("/agent-to-agent/acme/writer/tasks/bench/stream", reported(), reported(4000), publish="/tasks/bench/progress",
               method="PUT", heartbeat=": keepalive",
               before=(("POST", "/agent-to-agent/acme/writer/tasks", {"taskId": "bench"}),))

# A new profile is a row here, and nothing else.
PROFILES = {
    "T": Profile("/trace/stream", json.dumps(THOUGHT), padded(THOUGHT, 4000)),
    "K": Profile("/agent-console/stream", json.dumps(THOUGHT), padded(THOUGHT, 4000)),
    # A replay ends: the others follow the trace stream beside it.
    "R": Profile("/trace/stream", json.dumps(THOUGHT), padded(THOUGHT, 4000),
                 stalled="/trace/replay?speed=max&lastEventId=earliest"),
    "WS": Profile("/trace/ws", json.dumps(THOUGHT), padded(THOUGHT, 4000), heartbeat="", websocket="yes"),
    "TK": TASK,
    "TP": dataclasses.replace(TASK, stream="/tasks/bench/progress"),
    "AD": Profile("/observability/stream", json.dumps(THOUGHT), padded(THOUGHT, 4000), period=30),
    "EX": Profile("/api/analytics/traces/stream", json.dumps(ACTION), json.dumps(ACTION).replace(
        '"arguments": {}', json.dumps("arguments") + ": " + json.dumps({"pad": "x" * 4000})),
        heartbeat='"type":"ping"', period=30),
    "TG": Profile("/events/stream", execution(2), execution(60), content_type="application/x-ndjson",
                  heartbeat="event: heartbeat", period=30, rate=10, by_stamp="yes"),
    "DB": DEBATE,
    # A channel is the same under another path, and so are both in messages.
    "CH": dataclasses.replace(DEBATE, stream="/api/channels/debates/bench/stream?framing=message", heartbeat=": heartbeat"),
}


def load(bench, part, server, profile, **options):
    for method, path, body in profile.before:
        server.ask(method, path, body)
    words = []
    for name, value in {"method": profile.method, "content_type": profile.content_type, "body": profile.body,
                        "websocket": profile.websocket, **options}.items():
        words += ["--" + name.replace("_", "-"), value]
    return bench.client(part, "ours", "profile_load", "--stream", server.url + profile.stream,
                        "--publish", server.url + profile.publish,
                        "--pids", ",".join(map(str, server.pids)), *words)


def wrong(part, holds, what):
    if not holds:
        part.notes.add(f"ours: NOT CORRECT, {what}")


def soon(bench, name, readers, aim_ms):
    """Publish to the reader, and to the last of them."""
    part = Part(f"{name}, {readers} readers, 10 events/s",
                [Figure("connect to first frame, p50", "connect_p50_us", "us"),
                 Figure("connect, p99", "connect_p99_us", "us", "", "under 50 ms"),
                 Figure("publish to a reader, p50", "p50_us", "us"),
                 Figure("publish to the last reader, p50", "last_p50_us", "us"),
                 Figure("publish to the last reader, p99", "last_p99_us", "us", "", f"under {aim_ms} ms"),
                 Figure("max", "last_max_us", "us"), Figure("events at readers", "deliveries"),
                 Figure("missing", "missing")], "peer")

    def measure(server):
        result = load(bench, part, server, PROFILES[name], readers=readers, rate=10, seconds=bench.seconds)
        if result:
            wrong(part, result["connect_p99_us"] < 50_000, "connect")
            wrong(part, result["last_p99_us"] < aim_ms * 1000, "the last reader waits")
        return result

    for _ in range(bench.rounds):
        part.rounds.append({"ours": bench.against(part, "ours", bench.ours, measure)})
    return part


def graph(bench):
    """The graph's events are published by the server: their stamp says when."""
    part = Part("TG, 100 readers, 4 executions/s",
                [Figure("connect to first frame, p50", "connect_p50_us", "us"),
                 Figure("connect, p99", "connect_p99_us", "us", "", "under 50 ms"),
                 Figure("event made to the last reader, p50 (stamps are of 1 ms)", "last_stamped_p50_us", "us"),
                 Figure("event made to the last reader, p99", "last_stamped_p99_us", "us", "", "under 10 ms"),
                 Figure("max", "last_stamped_max_us", "us"),
                 Figure("end of the execution to the last reader, p50", "last_p50_us", "us"),
                 Figure("end of the execution to the last reader, p99", "last_p99_us", "us"),
                 Figure("events at readers", "deliveries"), Figure("missing", "missing"),
                 Figure("heap per idle reader, every allocation counted", "bytes_per_reader", "B", "", "under 1024 B"),
                 Figure("server CPU", "server_cpu_s", "s")], "peer")

    def measure(server):
        result = load(bench, part, server, PROFILES["TG"], readers=100, rate=4, seconds=bench.seconds)
        if result:
            result |= bench.client(part, "ours", "reader_memory", "--first", 20, "--readers", 80, "--route", "/events/stream",
                                   "--dir", os.path.join(server.folder, "memory")) or {}
            # The tail is the machine's, when others load it.
            wrong(part, result["connect_p50_us"] < 50_000, "connect")
            wrong(part, result["last_stamped_p50_us"] < 10_000, "the last reader waits")
            wrong(part, result.get("bytes_per_reader", 0) < 1024, "an idle reader is large")
        return result

    for _ in range(bench.rounds):
        part.rounds.append({"ours": bench.against(part, "ours", bench.ours, measure)})
    return part


def heartbeats(bench):
    readers, seconds = (200, 40) if bench.quick else (1000, 300)
    part = Part(f"T, {readers} readers, 10 events/s for {seconds} s",
                [Figure("heartbeats", "beats"), Figure("off their 15 s, p50", "jitter_p50_us", "us"),
                 Figure("p99", "jitter_p99_us", "us"), Figure("max", "jitter_max_us", "us", "", "under 1 s"),
                 Figure("events at readers", "deliveries"), Figure("missing", "missing")], "peer")
    profile = PROFILES["T"]

    def measure(server):
        result = load(bench, part, server, profile, readers=readers, rate=10, seconds=seconds,
                      heartbeat=profile.heartbeat, period=profile.period)
        if result:
            wrong(part, result["beats"] >= readers * (seconds // profile.period - 1), "heartbeats are missing")
            wrong(part, result["jitter_max_us"] < 1_000_000, "heartbeats are uneven")
        return result

    part.rounds.append({"ours": bench.against(part, "ours", bench.ours, measure)})
    return part


def stalled(bench, name):
    """Windows with readers that stopped, in turn with windows without them."""
    profile = PROFILES[name]
    part = Part(f"{name}, 5 readers that stop beside 20, {profile.rate:g} events/s, in every other 2 s",
                [Figure("the 20 alone, p50", "p50_us", "us"), Figure("alone, p99", "p99_us", "us"),
                 Figure("beside the stopped, p50", "beside_p50_us", "us"),
                 Figure("beside the stopped, p99", "beside_p99_us", "us"),
                 Figure("ratio of p99", "ratio", "", "", "at most 1.1"),
                 Figure("most that a stopped one took, of what the others got", "stalled_share"),
                 Figure("missing", "missing"), Figure("growth of RSS", "growth_kb", "KB")], "peer")

    def measure(server):
        return load(bench, part, server, dataclasses.replace(profile, body=profile.loud), readers=20, stalled=5,
                    stalled_path=profile.stalled or profile.stream, by_stamp=profile.by_stamp, rate=profile.rate, seconds=4 * bench.seconds)

    for _ in range(bench.rounds):
        part.rounds.append({"ours": bench.against(part, "ours", bench.ours, measure)})
    return part


def bad_tokens(bench):
    """Windows with bad tokens in turn with windows without; a good client all the time."""
    rate, seconds = 2000, (8 if bench.quick else 104)
    token = "a-good-token-0123456789"
    part = Part(f"{rate} bad tokens/s in every other 2 s beside a good client with 10 readers, 100 events/s",
                [Figure("bad tokens refused", "bad_refused"), Figure("otherwise answered", "wrong"),
                 Figure("the good client alone, p50", "p50_us", "us"), Figure("alone, p99", "p99_us", "us"),
                 Figure("beside them, p50", "beside_p50_us", "us"), Figure("beside them, p99", "beside_p99_us", "us"),
                 Figure("ratio of p99", "ratio", "", "", "at most 1.2"),
                 Figure("growth of RSS", "growth_kb", "KB"),
                 Figure("lines in the log", "log_lines"), Figure("missing", "missing")], "peer")
    profile = PROFILES["T"]

    def measure(server):
        result = load(bench, part, server, profile, readers=10, rate=100, seconds=seconds, token=token, bad_rate=rate)
        if result:
            result["log_lines"] = len((server.folder / "said").read_text().splitlines())
            wrong(part, result["log_lines"] < 100, "the log grows with bad tokens")
        return result

    part.rounds.append({"ours": bench.against(part, "ours", lambda: bench.ours(
        environment={"AUTH_ENABLED": "true", "MCP_BEARER_TOKEN": token}), measure)})
    return part
