#!/usr/bin/env bash
# Starts the orchestrator, publishes one envelope from another process, and says
# PASS when a curl that follows the stream and trace.log both hold exactly its
# bytes; else FAIL with the reason, and a non-zero code.  Leaves nothing behind.
#
#   MCP_PORT       port to serve on (default 19999)
#   DEVS_BINARY    program to test (default: the newest of build/*/orchestrator/)
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
port=${MCP_PORT:-19999}
program=${DEVS_BINARY:-$(ls -t "$root"/build/*/orchestrator/mcp-orchestrator 2>/dev/null | head -n 1 || :)}
envelope='{"type":"thought","turn_index":1,"payload":{"analysis":{"reasoning_chain":"smoke-test"}},"timestamp_ns":"0"}'

dir=$(mktemp -d)
server='' reader=''
clean_up() {
  local pid tries
  for pid in $reader $server; do kill "$pid" 2>/dev/null || :; done
  # A server that ignores SIGTERM for 15 s is killed: nothing stays behind.
  for ((tries = 0; tries < 150; ++tries)); do
    [ -n "$server" ] && kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || :
  wait 2>/dev/null || :
  rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

fail() {
  printf 'FAIL: %s\n' "$*"
  if [ -s "$dir/err" ]; then printf '  the server said:\n'; sed 's/^/    /' "$dir/err"; fi
  exit 1
}

# within <seconds> <command...>: asks until it succeeds; false when time is up.
within() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep 0.05
  done
}
server_runs() { kill -0 "$server" 2>/dev/null; }
is_ready() {
  server_runs || fail "the server ended before it was ready"
  [ "$(curl -s -o "$dir/readyz" -w '%{http_code}' --max-time 2 "http://127.0.0.1:$port/readyz" || :)" = 200 ]
}

[ -n "$program" ] && [ -x "$program" ] || fail "no program to test: build first, or set DEVS_BINARY"

# Ours must be the one that answers, so nobody may listen there now.
if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then fail "port $port is taken"; fi

MCP_PORT=$port AUTH_ENABLED=false "$program" serve --trace-dir "$dir" >"$dir/out" 2>"$dir/err" &
server=$!
within 20 is_ready || fail "no 200 from /readyz on port $port within 20 s"

curl -sN "http://127.0.0.1:$port/trace/stream" >"$dir/stream" &
reader=$!
within 5 grep -qx ': connected' "$dir/stream" || fail "the stream did not say ': connected' within 5 s"

status=$(curl -s -o "$dir/answer" -w '%{http_code}' --max-time 5 -H 'Content-Type: application/json' \
  --data-binary "$envelope" "http://127.0.0.1:$port/trace/publish") || fail "publishing got no answer"
[ "$status" = 200 ] || fail "publishing answered $status: $(cat "$dir/answer")"

within 5 grep -qxF "data: $envelope" "$dir/stream" ||
  fail "the stream did not bring the envelope within 5 s; it brought: $(cat "$dir/stream")"
printf '%s\n' "$envelope" >"$dir/expected"
cmp -s "$dir/expected" "$dir/trace.log" ||
  fail "trace.log does not hold exactly the envelope, but: $(cat "$dir/trace.log" 2>&1)"

printf 'PASS\n'
