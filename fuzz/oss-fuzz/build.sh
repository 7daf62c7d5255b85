#!/bin/bash -eu
# Builds all targets the way OSS-Fuzz and ClusterFuzzLite ask for it: they define SRC, OUT, SANITIZER and, where the toolchain is
# theirs, RUSTFLAGS. Each target goes to $OUT with its seed corpus and its dictionary.
cd "$SRC/mimi/fuzz"

case "${SANITIZER:-address}" in
  address) sanitizer=address ;;
  # Coverage builds bring their own flags, and Rust has no undefined behaviour sanitizer.
  *) sanitizer=none ;;
esac
cargo fuzz build --release --debug-assertions --sanitizer "$sanitizer"

# For the machine itself: flags for instrumented code would go into build scripts and macros as well.
corpus="${WORK:-/tmp}/corpus"
env -u RUSTFLAGS cargo run --quiet --example seeds -- "$corpus" >/dev/null

built="$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/$(rustc -vV | sed -n 's/^host: //p')/release"
./campaign --targets | while read -r target; do
  cp "$built/$target" "$OUT/"
  if [ -d "$corpus/$target" ]; then
    (cd "$corpus/$target" && python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" ./*)
  fi
  dictionary="$(./campaign --dictionary "$target")"
  if [ -n "$dictionary" ]; then
    cp "dictionaries/$dictionary.dict" "$OUT/$target.dict"
  fi
done
