"""D: clients of one debate come and go."""
import contextlib
import os
import socket
import struct
import time
import urllib.parse

from harness.bench import Figure, Part

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: the close is a RST
STAYS = 2.0  # seconds


def enter(server):
    """An open stream of the debate, its first frame read, and how long that took."""
    host = urllib.parse.urlparse(server.url)
    began = time.monotonic()
    client = socket.create_connection((host.hostname, host.port), timeout=10)
    client.sendall(f"GET /api/debates/bench/stream HTTP/1.1\r\nHost: {host.netloc}\r\n\r\n".encode())
    text = b""
    while b"retry: " not in text:
        piece = client.recv(4096)
        if not piece:
            raise OSError("the stream ended before its first frames")
        text += piece
    return client, time.monotonic() - began


def standing(server):
    pid = server.pids[0]
    with open(f"/proc/{pid}/status") as status:
        rss = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    sockets = 0
    with contextlib.suppress(PermissionError):  # the server may forbid the look
        sockets = len(os.listdir(f"/proc/{pid}/fd"))
    return rss, sockets, int(server.metric("http_streams"))


def come_and_go(bench):
    rate, seconds = 10, (6 if bench.quick else 60)
    part = Part(f"{rate} clients of one debate connect each second for {seconds} s, each stays {STAYS:g} s; half leave by RST",
                [Figure("connects", "connects"), Figure("connect to first frames, p50", "connect_p50_us", "us"),
                 Figure("connect to first frames, p99", "connect_p99_us", "us", "", "under 50 ms"),
                 Figure("most at once", "most"), Figure("streams left behind", "left", "", "", "0"),
                 Figure("descriptors left behind", "descriptors", "", "", "0"), Figure("growth of RSS", "growth_kb", "KB")], "peer")

    def measure(server):
        server.ask("POST", "/api/debates", {"debateId": "bench"})
        server.metric("http_streams")
        rss, sockets, streams = standing(server)
        here, took, most = [], [], 0
        begin = time.monotonic()
        for number in range(rate * seconds):
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            while here and here[0][0] < time.monotonic() - STAYS:
                _, client = here.pop(0)
                if number % 2:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                client.close()
            client, seconds_taken = enter(server)
            here.append((time.monotonic(), client))
            took.append(seconds_taken)
            most = max(most, len(here))
        for _, client in here:
            client.close()
        until = time.monotonic() + 10
        while standing(server)[2] > streams and time.monotonic() < until:
            time.sleep(0.05)
        after_rss, after_sockets, after_streams = standing(server)
        took.sort()
        result = {"connects": len(took), "connect_p50_us": took[len(took) // 2] * 1e6,
                  "connect_p99_us": took[len(took) * 99 // 100] * 1e6, "most": most,
                  "left": after_streams - streams, "descriptors": after_sockets - sockets,
                  "growth_kb": after_rss - rss, "ok": True}
        if result["left"] > 0 or result["descriptors"] > 0 or result["connect_p99_us"] > 50_000:
            part.notes.add("ours: NOT CORRECT, not as before")
        return result

    for _ in range(bench.rounds):
        part.rounds.append({"ours": bench.against(part, "ours", bench.ours, measure)})
    return part
