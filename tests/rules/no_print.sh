#!/usr/bin/env bash
# The library never prints, exits or aborts: its archives (all but the command line) name no function
# that does. Proves itself on a planted offender.
set -euo pipefail
build=$1 compiler=$2
# The fortified and locked twins count too. std::terminate and the like come with exceptions and locks.
banned='^(_*(printf|vprintf|fprintf|vfprintf|puts|fputs|putchar|putc|fputc|fwrite|perror)(_chk|_unlocked)?|exit|_exit|_Exit|quick_exit|abort|system|popen|exec[lv]p?e?|_ZSt4(cout|cerr|clog))$'

# check ARCHIVE…: prints each offence; fails if there is one.
check() {
  local archive found bad=0
  for archive in "$@"; do
    found=$(nm -u --format=posix "$archive" 2>/dev/null | awk '{print $1}' | sed 's/@.*//' | grep -E "$banned" | sort -u || true)
    [ -z "$found" ] && continue
    echo "$(basename "$archive") uses" $found
    bad=1
  done
  return $bad
}

mapfile -t archives < <(find "$build/src" -name 'libmc_*.a' ! -name 'libmc_cli.a' ! -name 'libmc_traincli.a')
[ ${#archives[@]} -ge 9 ] || { echo "found only ${#archives[@]} archives"; exit 1; }
check "${archives[@]}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'extern "C" int puts(const char*); void offend() { puts("hello"); }' >"$work/offender.cc"
"$compiler" -c "$work/offender.cc" -o "$work/offender.o"
ar rcs "$work/libmc_offender.a" "$work/offender.o"
if check "$work/libmc_offender.a" >/dev/null; then
  echo "a planted offender was not found"
  exit 1
fi
echo "${#archives[@]} archives print nothing"
