#!/bin/sh
# The whole network from outside: starts `tacit dev --validators 4 --demo hello` on free ports
# with an empty home, lets an unmodified client and a browser use it, stops it
# with Ctrl-C, and fails when any of them does or when the log has an Error.
#
# Needs Go, Node.js and Chromium. TACIT names a built program, CHROMIUM another
# browser, SHOTS another folder for pictures than test/e2e/shots, KEEP=1 keeps the
# logs.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
pid=
gateway=
served=

finish() {
  code=$?
  trap - EXIT INT TERM
  for p in $gateway $served $pid; do
    if kill -0 "$p" 2>/dev/null; then
      kill -INT "$p" 2>/dev/null || true
      wait "$p" 2>/dev/null || true
    fi
  done
  if [ "$code" -ne 0 ]; then
    echo "--- the end of tacit's output:" >&2
    tail -n 30 "$work/out" "$work/log" "$work/gateway.log" >&2 2>/dev/null || true
  fi
  if [ -n "${KEEP:-}" ]; then echo "logs are in $work"; else rm -rf "$work"; fi
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
  echo "FAIL  $1" >&2
  exit 1
}

[ -x "${CHROMIUM:=/usr/bin/chromium}" ] || fail "there is no browser at $CHROMIUM: install Debian's chromium, or set CHROMIUM"
export CHROMIUM SHOTS="${SHOTS:-$root/test/e2e/shots}"
for folder in clients e2e; do
  (
    cd "$root/test/$folder"
    cmp -s package-lock.json node_modules/.installed && exit # what is there is what the lock file names
    npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
    cp package-lock.json node_modules/.installed
  )
done
if [ -z "${TACIT:-}" ]; then
  make -C "$root" --no-print-directory build
  TACIT=$root/bin/tacit
fi

mkdir "$work/home"
HOME=$work/home TMPDIR=$work "$TACIT" dev --validators 4 --demo hello --rpc 127.0.0.1:0 --console 127.0.0.1:0 >"$work/out" 2>"$work/log" &
pid=$!
for _ in $(seq 600); do
  grep -q '^Everything stays up' "$work/out" && break
  kill -0 "$pid" 2>/dev/null || fail 'tacit dev ended by itself'
  sleep 0.1
done
grep -q '^Everything stays up' "$work/out" || fail 'the demo was not over after a minute'
grep -q 'asks get(): 5' "$work/out" || fail 'the demo did not decrypt 5'
grep -q 'refused, NotOwner' "$work/out" || fail 'the demo did not refuse Bob'
grep '^From start' "$work/out"
rpc=$(sed -n 's/^rpc  *//p' "$work/out")
console=$(sed -n 's/^console  *//p' "$work/out")

echo "--- unmodified @polkadot/api at $rpc, of today and of long ago"
node "$root/test/clients/polkadot-api.mjs" "$rpc"
node "$root/test/clients/polkadot-api.mjs" "$rpc" polkadot-api-10
node "$root/test/clients/accounts.mjs" "$rpc"
node "$root/test/clients/staking.mjs" "$rpc"
echo "--- unmodified polkadot-api and dedot, by the new and by the legacy JSON-RPC"
node "$root/test/clients/papi.mjs" "$rpc"
node "$root/test/clients/dedot.mjs" "$rpc"
echo "--- unmodified @polkadot/api-contract and dedot, by a contract gateway"
GOCACHE=$(go env GOCACHE) GOMODCACHE=$(go env GOMODCACHE)
export GOCACHE GOMODCACHE
build() { (cd "$root" && HOME=$work/home "$TACIT" contract build "examples/$1" -o "$work/$1" >/dev/null); }
mkdir "$work/contracts"
for name in hello guess; do
  build $name
  cp "$work/$name/$name.wasm" "$work/$name/$name.json" "$work/contracts"
done
"$TACIT" contract gateway --rpc "$rpc" --listen 127.0.0.1:0 >"$work/gateway" 2>"$work/gateway.log" &
gateway=$!
for _ in $(seq 100); do
  grep -q '^payer' "$work/gateway" && break
  kill -0 "$gateway" 2>/dev/null || fail 'the gateway ended by itself'
  sleep 0.1
done
node "$root/test/clients/contracts.mjs" "$(sed -n 's/^gateway  *//p' "$work/gateway")" "$work/contracts"
kill -INT "$gateway"
wait "$gateway" || fail 'the gateway did not end cleanly'
gateway=
echo "--- unmodified smoldot, with a network of its own"
node "$root/test/clients/smoldot.mjs" "$TACIT"
echo "--- Chromium at $console"
build wallet
"$TACIT" console --rpc "$rpc" --listen 127.0.0.1:0 >"$work/console" &
served=$!
for _ in $(seq 100); do
  grep -q '^console' "$work/console" && break
  sleep 0.1
done
ONLY='Alice reads' CONSOLE=$(sed -n 's/^console  *//p' "$work/console") node "$root/test/e2e/console.mjs"
kill -INT "$served"
wait "$served" || fail 'tacit console did not end cleanly'
served=
TACIT=$TACIT RPC=$rpc CONSOLE=$console BUNDLE=$work/wallet TMPDIR=$work node "$root/test/e2e/console.mjs"

echo '--- the end'
kill -INT "$pid"
code=0
wait "$pid" || code=$?
pid=
[ "$code" -eq 0 ] || fail "tacit dev ended with $code after Ctrl-C"
left=$(find "$work" -mindepth 1 -maxdepth 1 -name 'tacit-dev-*')
[ -z "$left" ] || fail "tacit dev left $left"
if grep -E 'level=ERROR|^panic:|DATA RACE' "$work/log"; then
  fail 'the log has errors'
fi
echo 'ok    stopped cleanly, without an error in the log'
