#!/usr/bin/env bash
# Writes the Kotlin and Swift sources into kotlin/ and swift/; with --check, says whether they are current, and writes nothing.
set -euo pipefail
cd "$(dirname "$0")"
target="${CARGO_TARGET_DIR:-$PWD/../../target}"
cargo build --quiet --features bindgen
out=$PWD
check=
if [ "${1:-}" = --check ]; then
  check=yes
  out=$(mktemp -d)
  trap 'rm -r "$out"' EXIT
fi
case $(uname -s) in
  Darwin) library=libmimi_uniffi.dylib ;;
  *) library=libmimi_uniffi.so ;;
esac
for language in kotlin swift; do
  "$target/debug/uniffi-bindgen" generate "$target/debug/$library" --language "$language" --no-format \
    --out-dir "$out/$language"
done
if [ -n "$check" ]; then
  for language in kotlin swift; do
    diff -r "$language" "$out/$language" >&2 || { echo "bindings/uniffi/$language is not current: run bindings/uniffi/generate.sh" >&2; exit 1; }
  done
fi
