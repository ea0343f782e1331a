#!/usr/bin/env bash
# The package from outside: installs into an empty prefix, moves it, builds the examples and the code of
# docs/library.md with find_package and with pkg-config, runs them, uninstalls and finds nothing left.
set -euo pipefail
source=$1 build=$2 cmake=$3 cxx=$4 cc=$5
fail() { echo "package: $1" >&2; exit 1; }
work=$(mktemp -d)
manifest=$build/install_manifest.txt
# An installation of the user's from this build keeps its list.
[ ! -e "$manifest" ] || cp -p "$manifest" "$work/manifest"
restore() {
  rm -f "$manifest"
  [ ! -e "$work/manifest" ] || cp -p "$work/manifest" "$manifest"
  rm -rf "$work"
}
trap restore EXIT
quietly() { "$@" >"$work/log" 2>&1 || { tail -40 "$work/log" >&2; fail "failed: $*"; }; }
# expect TEXT COMMAND…: the command succeeds and says TEXT.
expect() {
  local text=$1 said
  shift
  said=$("$@" 2>&1) || fail "exit code $?: $*: $said"
  grep -qF -- "$text" <<<"$said" || fail "expected '$text' from $*, got: $said"
}

quietly "$cmake" --install "$build" --prefix "$work/prefix"
mapfile -t installed < <(cd "$work/prefix" && find . ! -type d | sort)
for name in bin/mobileclip include/mobileclip/mobileclip.hpp include/mobileclip/mobileclip.h; do
  [ -f "$work/prefix/$name" ] || fail "$name was not installed"
done
# Nothing names the folders it came from; so it can be moved, and is.
if grep -rlF -e "$source/" -e "$work/prefix" "$work/prefix/include" "$work"/prefix/lib*; then
  fail "these files name folders of this machine"
fi
cp -a "$work/prefix" "$work/moved"
cp -r "$source/examples" "$work/examples"
expect mobileclip "$work/moved/bin/mobileclip" --version

# find_package: every example.
quietly "$cmake" -S "$work/examples" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$work/moved" \
  -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_C_COMPILER="$cc"
quietly "$cmake" --build "$work/cmake"
cd "$work"
unset MOBILECLIP_HOME MOBILECLIP_MODEL
pictures=(examples/openmoji-{dog,pizza,rocket,guitar}.png)
best=$(cmake/classify examples/openmoji-pizza.png "a dog" "a pizza" "a guitar" | sort -rn | head -1)
[[ $best == *"a pizza" ]] || fail "classify takes the pizza for: $best"
best=$(cmake/classify_c examples/openmoji-pizza.png "a dog" "a pizza" "a guitar" | sort -rn | head -1)
[[ $best == *"a pizza" ]] || fail "classify_c takes the pizza for: $best"
best=$(cmake/search "a rocket" "${pictures[@]}" examples/missing.png 2>errors | head -1)
[[ $best == *openmoji-rocket.png ]] || fail "search finds for a rocket: $best"
grep -q 'missing.png' errors || fail "search does not tell about the missing image"
expect 'openmoji-guitar.png: embedded' cmake/batch "${pictures[@]}" examples/missing.png
expect 'missing.png: cannot open' cmake/batch "${pictures[@]}" examples/missing.png
if cmake/classify examples/missing.png "a dog" 2>errors; then fail "classify of nothing succeeds"; fi
grep -q 'missing.png' errors || fail "classify does not name the missing image"

# pkg-config: the programs and commands of docs/library.md, word by word.
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$work/moved" -name mobileclip.pc)")
export LD_LIBRARY_PATH=${PKG_CONFIG_PATH%/pkgconfig} CXX=$cxx CC=$cc
"$source/tests/package/document.sh" "$source/docs/library.md" "$work"
# The lines in the README are lines of a program.
{
  echo '#include <mobileclip/mobileclip.hpp>'
  echo 'int main() {'
  awk '/^```cpp$/ {inside = 1; next} /^```$/ {inside = 0} inside' "$source/README.md"
  echo '}'
} >"$work/readme.cc"
grep -q create_model "$work/readme.cc" || fail "the README shows no C++"
# shellcheck disable=SC2046
quietly "$cxx" -std=c++20 -fsyntax-only "$work/readme.cc" $(pkg-config --cflags mobileclip)
# A document whose output is not what its commands give proves that a difference shows.
sed 's/^a dog$/a cat/' "$source/docs/library.md" >"$work/wrong.md"
if "$source/tests/package/document.sh" "$work/wrong.md" "$work" >"$work/log"; then
  fail "a wrong document passes"
fi
grep -q 'but it is' "$work/log" || fail "a wrong document fails for another reason: $(cat "$work/log")"

quietly "$cmake" --build "$build" --target uninstall
left=$(find "$work/prefix" \( ! -type d -o -name 'mobileclip*' \) 2>/dev/null || true)
[ -z "$left" ] || fail "left after uninstall: $left"
echo "${#installed[@]} files installed, used and removed"
