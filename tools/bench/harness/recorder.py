"""R: what goes to disk, how fast, and how it comes back."""
import pathlib
import shutil
import tempfile
import time

from harness.bench import Figure, Part
from harness.fanout import load

READ_BACK = [Figure("read back and compared", "events"), Figure("wrong", "wrong")]


class Folder:
    """A directory that is gone afterwards, on the disk where temporary files are."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="bench-log-"))
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def recorded(bench, part, mode, **options):
    words = []
    for name, value in options.items():
        words += ["--" + name.replace("_", "-"), value]
    for _ in range(bench.rounds):
        with bench.quiet(), Folder() as folder:
            part.rounds.append({"ours": bench.client(
                part, "ours", "recorder_load", "--mode", mode, "--dir", folder / "trace", *words)})
    return part


def written(bench):
    part = Part("written, 200 B, one publisher",
                [Figure("entries per second", "entries_per_s", "/s", "", "500 000/s"),
                 Figure("one bare write per entry", "floor_entries_per_s", "/s"),
                 Figure("of that", "of_floor", "", "", "0.5"),
                 Figure("bandwidth", "mb_per_s", "MB/s"),
                 Figure("bare writes of 64 KiB", "floor_mb_per_s", "MB/s"),
                 Figure("CPU per entry, publisher and recorder", "server_cpu_us_per_event", "us"),
                 Figure("entries per write", "entries_per_commit"),
                 Figure("ring found full", "ring_full"), *READ_BACK], "peer")
    return recorded(bench, part, "written", events=300_000 if bench.quick else 2_000_000)


def synced(bench):
    part = Part("synced, 200 B, 64 publishers that each wait for their entry",
                [Figure("entries per second", "entries_per_s", "/s", "", "30 000/s"),
                 Figure("bare write of 64 entries and fdatasync", "floor_entries_per_s", "/s"),
                 Figure("of that", "of_floor"),
                 Figure("entries per commit", "entries_per_commit"),
                 Figure("CPU per entry", "server_cpu_us_per_event", "us"), *READ_BACK], "peer")
    return recorded(bench, part, "synced", publishers=64, events=20_000 if bench.quick else 200_000)


def visible(bench):
    part = Part("record to visible in trace.log, 50 000/s",
                [Figure("p50", "p50_us", "us"), Figure("p99", "p99_us", "us"),
                 Figure("p99.9", "p999_us", "us", "", "under 50 000 us"), Figure("max", "max_us", "us"),
                 Figure("entries per write", "entries_per_commit"), *READ_BACK], "peer")
    # One active file: it is rolled at 64 MiB.
    return recorded(bench, part, "visible", rate=50_000, events=int(min(bench.seconds, 6) * 50_000))


def replay(bench):
    events = 200_000 if bench.quick else 1_000_000
    readers = 20 if bench.quick else 100
    live = {"readers": 100, "rate": 100}
    part = Part(f"{events} entries of 200 B from disk",
                [Figure("one reader", "one_mb_per_s", "MB/s", "", "300 MB/s"),
                 Figure(f"{readers} readers together", "all_mb_per_s", "MB/s", "", "1000 MB/s"),
                 Figure("deliveries checked", "deliveries"), Figure("wrong", "wrong"),
                 Figure("live readers alone, p99", "alone_p99_us", "us"),
                 Figure("beside the replay, p99", "beside_p99_us", "us"),
                 Figure("ratio", "ratio", "", "", "at most 1.5"),
                 Figure("server CPU", "server_cpu_s", "s"), Figure("client CPU", "client_cpu_s", "s"),
                 Figure("server RSS", "server_rss_kb", "KB")], "peer")

    def measure(server):
        server.settle()
        everything = server.stream + "?lastEventId=earliest"
        common = ("--stream", everything, "--events", events, "--pids", ",".join(map(str, server.pids)))
        one = bench.client(part, "ours", "replay_load", "--readers", 1, *common)
        many = bench.client(part, "ours", "replay_load", "--readers", readers, *common)
        alone = load(bench, part, "ours", server, **live)
        # Replay all the time the live readers are looked at.
        running = bench.start("replay_load", "--readers", readers, *common)
        beside = load(bench, part, "ours", server, **live)
        overlapped = running.poll() is None
        bench.finished(part, "ours", running)
        if not overlapped:
            part.notes.add("ours: the replay ended before the live readers did")
        if not (one and many and alone and beside):
            return None
        return many | {"one_mb_per_s": one["mb_per_s"], "all_mb_per_s": many["mb_per_s"],
                       "wrong": one["wrong"] + many["wrong"] + beside["wrong"],
                       "alone_p99_us": alone["p99_us"], "beside_p99_us": beside["p99_us"],
                       "ratio": beside["p99_us"] / alone["p99_us"]}

    for _ in range(bench.rounds):
        with Folder() as folder:
            make_log(bench, part, folder, "--events", events)
            part.rounds.append({"ours": bench.against(
                part, "ours", lambda: bench.ours(folder / "trace"), measure)})
    return part


def make_log(bench, part, folder, *words):
    process = bench.start("log_maker", "--dir", folder / "trace", *words)
    said = process.communicate()[1].strip()
    if process.returncode != 0:
        part.notes.add(f"ours: NOT CORRECT, {said}")


def starts(bench):
    events = 100_000 if bench.quick else 1_000_000
    segments, per_segment = (500, 10_000) if bench.quick else (10_000, 10_000)
    part = Part("process start to listening, with a log that is there",
                [Figure("empty directory", "empty_s", "s"),
                 Figure(f"{events} entries in files of 64 MiB", "entries_s", "s", "", "0.2 s more"),
                 Figure(f"{segments} segments, {segments * per_segment} entries", "segments_s", "s", "", "2 s"),
                 Figure("RSS, empty directory", "empty_rss_kb", "KB"),
                 Figure("RSS, entries", "entries_rss_kb", "KB", "", "flat"),
                 Figure("RSS, segments", "segments_rss_kb", "KB", "", "flat")], "peer")

    def started(key, directory):
        def look(server):
            return {key + "_s": server.started_in, key + "_rss_kb": server.rss_kb()}
        with bench.quiet():
            with bench.ours(directory) as server:
                return look(server)

    with Folder() as entries, Folder() as many:
        make_log(bench, part, entries, "--events", events)
        make_log(bench, part, many, "--segments", segments, "--per-segment", per_segment)
        for _ in range(bench.rounds):
            part.rounds.append({"ours": started("empty", None) | started("entries", entries / "trace")
                                | started("segments", many / "trace")})
    return part
