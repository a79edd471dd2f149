#!/bin/sh
# Runs every fuzz test of the repository for a while each.
#
#   internal/fuzz.sh 30s
set -eu
for file in $(git ls-files '*_test.go' | xargs grep -l '^func Fuzz'); do
  for name in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' "$file"); do
    echo "== ./$(dirname "$file") $name"
    go test "./$(dirname "$file")" -run '^$' -fuzz "^$name\$" -fuzztime "${1:-30s}"
  done
done
