"""Fails when an #include points up the stairs, or into a room it may not see, and
when two headers define a type of one name: the namespace is flat, so the linker
would silently make one of the two.

    check_layers.py <root>          checks the tree
    check_layers.py --self-test     proves that each rule can fail

The tables are those of docs/architecture.md.
"""
import pathlib
import re
import sys
import tempfile

LAYERS = {
    "protocol": {"protocol"},
    "trace": {"protocol", "trace"},
    "orchestrator": {"protocol", "trace", "orchestrator"},
}
# A room sees itself and these.  Files directly under orchestrator/ (the composition
# root and its command line) see every room, and no room sees them.
ROOMS = {
    "net": set(),
    "store": set(),
    "access": {"net"},
    "calls": {"net", "access"},
    "upstream": {"net", "calls"},
    "query": {"net", "store"},
    "streams": {"net", "access"},
    "export": set(),
    "mcp": {"net", "store", "access", "calls", "upstream", "streams"},
    "a2a": {"net", "access", "calls", "streams"},
    "graph": {"net", "store", "calls", "streams"},
    "traces": {"net", "access", "query", "streams"},
    "channels": {"net", "store", "access", "streams"},
    "agents": {"net", "store", "access", "calls", "streams"},
    "cluster": {"net"},
}
# Libraries that stay where they are named: (pattern, where it may stand, why).
KEPT_APART = [
    (r"httplib\.h$", r"orchestrator/net/http_front_router\.cpp$", "only net/http_front_router.cpp sees cpp-httplib"),
    (r"nlohmann/", r"(protocol|orchestrator)/.*\.cpp$", "JSON libraries stay in sources, and out of trace/"),
    (r"sqlite3\.h$", r"orchestrator/store/sql\.cpp$", "only store/sql.cpp sees SQLite"),
    (r"(valijson|CLI|openssl|fmt)/", r".*\.cpp$", "no header of ours includes a library"),
    (r"(mutex|shared_mutex|thread|condition_variable|future|fstream|filesystem|unistd\.h)$",
     r"(trace|orchestrator)/", "protocol/ has no lock, no thread and no file"),
]
INCLUDE = re.compile(r'\s*#\s*include\s*["<]([^">]+)[">]')
TYPE = re.compile(r"(?:class|struct|union|enum(?: class)?)\s+(?:DEVS_\w+\((?:[^()]|\([^()]*\))*\)\s+)?(\w+)\b(?!::)[^;]*[{:]")


def rooms_of(path):
    """('orchestrator', 'net') of orchestrator/net/reactor.h; the room is '' above the rooms."""
    parts = path.split("/")
    return parts[0], parts[1] if len(parts) > 2 else ""


def complaint(where, target):
    """Why the file `where` may not include `target`; None when it may."""
    layer, room = rooms_of(where)
    to_layer, to_room = rooms_of(target)
    if to_layer in LAYERS:
        if to_layer not in LAYERS[layer]:
            return f"{layer}/ may not include {to_layer}/"
        if to_layer == "orchestrator" and room:
            if not to_room:
                return f"{room}/ may not include {target}: no room sees what is above the rooms"
            if to_room != room and to_room not in ROOMS.get(room, set()):
                return f"{room}/ may not include {to_room}/"
    for pattern, allowed, why in KEPT_APART:
        if re.match(pattern, target) and not re.match(allowed, where):
            return f"<{target}>: {why}"
    return None


def check(root):
    bad, seen, types = [], 0, {}
    for layer in LAYERS:
        for path in sorted(p for p in (root / layer).rglob("*") if p.suffix in {".h", ".cpp"}):
            seen += 1
            where = path.relative_to(root).as_posix()
            room = rooms_of(where)[1]
            if layer == "orchestrator" and room and room not in ROOMS:
                bad.append(f"{where}: unknown room {room}/")
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found = INCLUDE.match(line)
                why = complaint(where, found.group(1)) if found else None
                if why:
                    bad.append(f"{where}:{number}: {why}")
                named = TYPE.match(line) if path.suffix == ".h" else None  # unindented: at namespace level
                if named and types.setdefault(named.group(1), where) != where:
                    bad.append(f"{where}:{number}: {named.group(1)} is also defined in {types[named.group(1)]}")
    if not seen:
        bad.append(f"{root}: nothing to check")
    return bad, seen


def self_test():
    wrong = {
        "protocol/a.h": '#include "trace/b.h"',
        "protocol/b.cpp": "#include <mutex>",
        "trace/a.cpp": '#include "orchestrator/net/b.h"',
        "trace/b.cpp": "#include <nlohmann/json.hpp>",
        "orchestrator/net/a.h": '#include "orchestrator/mcp/b.h"',
        "orchestrator/streams/a.cpp": '#include "orchestrator/calls/b.h"',
        "orchestrator/mcp/a.cpp": '#include "orchestrator/config.h"',
        "orchestrator/net/b.cpp": "#include <httplib.h>",
        "orchestrator/calls/a.h": "#include <nlohmann/json.hpp>",
        "orchestrator/attic/a.h": "",
        "trace/d.h": "class Reader final : public Base {",
    }
    right = {
        "protocol/c.h": "struct Reader {\nclass Other;",
        "orchestrator/net/c.h": "class Other {\n  struct Reader {",
        "trace/c.h": '#include "protocol/b.h"\n#include <mutex>',
        "orchestrator/mcp/b.cpp": '#include "orchestrator/upstream/b.h"\n#include <fmt/core.h>',
        "orchestrator/net/http_front_router.cpp": "#include <httplib.h>",
        "orchestrator/main.cpp": '#include "orchestrator/mcp/b.h"',
    }
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text in {**wrong, **right}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text + "\n")
        bad, _ = check(root)
    named = {line.split(":")[0] for line in bad}
    missed, extra = set(wrong) - named, named - set(wrong)
    return [f"not found: {path}" for path in sorted(missed)] + [f"wrongly found: {path}" for path in sorted(extra)]


if sys.argv[1] == "--self-test":
    problems = self_test()
    print("\n".join(problems) or "each rule can fail")
    sys.exit(bool(problems))
bad, seen = check(pathlib.Path(sys.argv[1]))
print("\n".join(bad) or f"layers ok: {seen} files")
sys.exit(bool(bad))
