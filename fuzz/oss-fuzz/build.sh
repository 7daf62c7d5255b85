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

cargo run --quiet --example seeds -- "${WORK:-/tmp}/corpus" >/dev/null

built="$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/$(rustc -vV | sed -n 's/^host: //p')/release"
sed -n 's/^    ("\([a-z_]*\)",.*/\1/p' src/lib.rs | while read -r target; do
  cp "$built/$target" "$OUT/"
  if [ -d "${WORK:-/tmp}/corpus/$target" ]; then
    (cd "${WORK:-/tmp}/corpus/$target" && python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" ./*)
  fi
  cp "dictionaries/$(./campaign --dictionary "$target").dict" "$OUT/$target.dict"
done
