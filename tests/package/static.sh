#!/usr/bin/env bash
# The static build: one program that needs nothing beyond glibc, but for Highway's library where there
# is no archive of it; and a library that others link. Proves itself on a program that needs more.
# usage: static.sh SOURCE BUILD
set -euo pipefail
source=$(realpath "$1") build=$(realpath "$2")
fail() { echo "static: $1" >&2; exit 1; }
glibc='libc|libm|libdl|libpthread|librt|ld-linux-[a-z0-9_-]+'

# needs PROGRAM: the shared libraries it names, glibc's apart.
needs() {
  readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE "^($glibc)\.so\.[0-9]+$" || true
}
found=$(needs "$build/mobileclip")
archive=$(sed -n 's/^MOBILECLIP_ARCHIVE_hwy:FILEPATH=//p' "$build/CMakeCache.txt")
expected=
[ -f "$archive" ] || expected=libhwy.so.1
[ "$found" = "$expected" ] || fail "expected it to need '${expected}', it needs '${found//$'\n'/ }'"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'int main() { return 0; }' >"$work/more.cc"
c++ "$work/more.cc" -Wl,--no-as-needed -lz -o "$work/more"
[ "$(needs "$work/more")" != "$expected" ] || fail "a program that needs libz passes"

# It works, and says what is not in it.
best=$("$build/mobileclip" classify "$source/examples/openmoji-pizza.png" -l "a dog" -l "a pizza" --top 1)
grep -q 'a pizza' <<<"$best" || fail "it takes the pizza for: $best"
if "$build/mobileclip" download mobileclip_s0 2>"$work/said"; then fail "it downloads"; fi
grep -q 'MOBILECLIP_DOWNLOAD' "$work/said" || fail "download says: $(cat "$work/said")"

# The library, from an empty prefix, with shared libraries for what it needs.
cmake --install "$build" --prefix "$work/prefix" >/dev/null
rm -f "$build/install_manifest.txt"
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name mobileclip.pc)")
# shellcheck disable=SC2046
c++ -std=c++20 "$source/examples/classify.cc" -o "$work/classify" $(pkg-config --cflags --libs mobileclip)
best=$("$work/classify" "$source/examples/openmoji-pizza.png" "a dog" "a pizza" | sort -rn | head -1)
[[ $best == *"a pizza" ]] || fail "the example takes the pizza for: $best"
echo "static: $(stat -c %s "$build/mobileclip") bytes, needs glibc${expected:+ and $expected}"
