"""Fails when a header of ours does not compile alone.

    check_headers.py <root> <stamp file> <compiler> [flag...]

A header that is the first include of a source has been asked by the build already.
The others are compiled here, and again only when they, or a header of ours that they
include, have changed: the stamp file remembers what compiled with these flags.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

root, stamps, command = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
LAYERS = ("protocol", "trace", "orchestrator")
command += ["-std=c++20", f"-I{root}", "-fsyntax-only", "-Werror", "-x", "c++", "-"]
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.M)
FIRST = re.compile(rb'^\s*#\s*include\s*(?:"([^"]+)"|<)', re.M)
headers = sorted(p for layer in LAYERS for p in (root / layer).rglob("*.h"))
texts = {p.relative_to(root).as_posix(): p.read_bytes() for p in headers}


def closure(name, found):
    if name in texts and name not in found:
        found.add(name)
        for target in INCLUDE.findall(texts[name]):
            closure(target.decode(), found)
    return found


def key_of(name):
    digest = hashlib.sha256("\0".join(command).encode())
    for part in sorted(closure(name, set())):
        digest.update(part.encode() + b"\0" + texts[part])
    return digest.hexdigest()


def compiles(name):
    run = subprocess.run(command, input=f'#include "{name}"\n', text=True, capture_output=True)
    return None if run.returncode == 0 else f"{name} does not compile alone:\n{run.stderr}"


def asked_by_the_build():
    firsts = (FIRST.search(p.read_bytes()) for layer in LAYERS for p in (root / layer).rglob("*.cpp"))
    return {first.group(1).decode() for first in firsts if first and first.group(1)}


try:
    known = set(json.loads(stamps.read_text()))
except (OSError, ValueError):
    known = set()
keys = {name: key_of(name) for name in texts}
built = asked_by_the_build()
to_ask = [name for name in texts if keys[name] not in known and name not in built]
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    answers = dict(zip(to_ask, pool.map(compiles, to_ask)))
bad = [why for why in answers.values() if why]
bad += [f"{name} has no #pragma once" for name in texts if b"#pragma once" not in texts[name]]
stamps.write_text(json.dumps(sorted(keys[name] for name in texts if name not in built and not answers.get(name))))
if not texts:
    bad.append(f"{root}: no headers to check")
print("\n".join(bad) or f"headers ok: {len(texts)}, of which {len(to_ask)} asked")
sys.exit(bool(bad))
