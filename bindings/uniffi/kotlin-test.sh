#!/usr/bin/env bash
# Compiles the Kotlin sources and runs the shipped vectors through them on a JVM: kotlin-test.sh DIR. Needs java 17, npm (for the
# compiler) and, unless JNA_JAR names jna.jar, Debian's apt-get (for libjna-java).
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p "$1"
work=$(cd "$1" && pwd)
target="${CARGO_TARGET_DIR:-$PWD/../../target}"
target=$(cd "$target" && pwd)
version=2.4.20
integrity=sha512-IF5IVM7LpPhA/ntHQQpaVt1yxpaaQovtEVYLyqWMuaLr0XelLPPm7/sM6HLhtcRjjjoSsK7I7lP2kzYJkMy73w==
if [ ! -x "$work/package/bin/kotlinc" ]; then
  archive=$(cd "$work" && npm pack --silent "kotlin-compiler@$version")
  found="sha512-$(openssl dgst -sha512 -binary "$work/$archive" | base64 -w0)"
  [ "$found" = "$integrity" ] || { echo "kotlin-compiler $version is not the one that is pinned" >&2; exit 1; }
  tar -xzf "$work/$archive" -C "$work"
  chmod +x "$work/package/bin/kotlinc"
fi
jna="${JNA_JAR:-}"
boot=()
if [ -z "$jna" ]; then
  if [ ! -e "$work/jna/usr/share/java/jna.jar" ]; then
    (cd "$work" && apt-get download -qq libjna-java libjna-jni && for package in libjna-*.deb; do dpkg -x "$package" jna; done)
  fi
  jna="$work/jna/usr/share/java/jna.jar"
  boot=("-Djna.boot.library.path=$(dirname "$(find "$work/jna" -name libjnidispatch.system.so -o -name libjnidispatch.so | head -1)")")
fi
python3 tests/lines.py "$work/vectors.tsv"
find kotlin tests -name '*.kt' -print0 | xargs -0 "$work/package/bin/kotlinc" -nowarn -classpath "$jna" -d "$work/vectors.jar"
java "${boot[@]}" "-Djna.library.path=$target/debug" -classpath "$work/vectors.jar:$jna:$work/package/lib/kotlin-stdlib.jar" \
  VectorsKt "$work/vectors.tsv"
