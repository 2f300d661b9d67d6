"""The scenarios by their ids."""
from harness import calls, debates, explorer, fanout, lists, profiles, recorder, soak

SCENARIOS = {
    "F1": ("fan-out cost", lambda bench: [fanout.fan_out(bench, 1000, 100)]),
    "F2": ("publish to received", lambda bench: [fanout.fan_out(bench, 100, 1000),
                                                 fanout.fan_out(bench, 1000, 100)]),
    "F3": ("readers held", lambda bench: [fanout.held(bench)]),
    "F4": ("many topics", lambda bench: [fanout.topics(bench)]),
    "F5": ("readers that stop", lambda bench: [fanout.stopped(bench)]),
    "F6": ("bursts", lambda bench: [fanout.bursts(bench)]),
    "R1": ("recorder", lambda bench: [recorder.written(bench), recorder.synced(bench)]),
    "R2": ("record to visible", lambda bench: [recorder.visible(bench)]),
    "R3": ("replay from disk", lambda bench: [recorder.replay(bench)]),
    "R4": ("start on a log", lambda bench: [recorder.starts(bench)]),
    "C1": ("built-in tool calls", lambda bench: [calls.tool_calls(bench, n, era) for era in calls.REVISION
                                                 for n in (1, 16, 64)]),
    "S1": ("sessions that nobody ends", lambda bench: [soak.sessions(bench)]),
    "S2": ("answers by stream, again and again", lambda bench: [soak.streamed(bench)]),
    "S3": ("idle, and ten thousand tools", lambda bench: [soak.idle(bench), soak.lists(bench)]),
    "P1": ("publish to the last reader", lambda bench: [profiles.soon(bench, "T", 100, 200), profiles.graph(bench),
                                                        profiles.soon(bench, "DB", 50, 500), profiles.soon(bench, "DB", 200, 500)]),
    "P2": ("heartbeats", lambda bench: [profiles.heartbeats(bench)]),
    "P3": ("readers that stall, each profile", lambda bench: [profiles.stalled(bench, name)
                                                              for name in profiles.PROFILES]),
    "P4": ("bad tokens", lambda bench: [profiles.bad_tokens(bench)]),
    "P5": ("clients of a debate come and go", lambda bench: [debates.come_and_go(bench)]),
    "Q1": ("lists of the trace explorer", lambda bench: [lists.spans(bench)]),
    "X1": ("the explorer page", explorer.page),
    "X2": ("half an hour of the explorer page", explorer.half_hour),
    "C5": ("calls that wait for the client", lambda bench: [calls.parked_calls(bench)]),
}
