#!/usr/bin/env bash
# Makes the page into a folder; installs what that takes.  Called by CMake.
source "$(dirname "$0")/../setup.sh"
needs_explorer
exec "$node" "$root/tools/explorer/build.mjs" "$1"
