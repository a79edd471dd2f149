#!/bin/sh
# Fails when the committed web/dist is not what the sources beside it build to,
# or when the tests of the SDK under it fail. Needs Node.js and the npm registry.
set -eu
cd "$(dirname "$0")"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

(
  cd ../sdk/ts
  npm ci --no-audit --no-fund --loglevel=error
  npx tsc --noEmit
  npx vitest run
)
npm ci --no-audit --no-fund --loglevel=error
npx tsc --noEmit
npx vite build --outDir "$out/dist" --emptyOutDir --logLevel warn
if ! diff -r dist "$out/dist"; then
  echo 'web/dist is stale: run `make web` and commit what it made' >&2
  exit 1
fi
echo 'web/dist is what its sources build to'
