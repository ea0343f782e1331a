#!/usr/bin/env bash
# The program is position independent, fully relocated read-only, with guarded stack and checked copies.
set -euo pipefail
program=$1
fail() { echo "$1"; exit 1; }
headers=$(readelf -hldW "$program")
symbols=$(readelf -W --dyn-syms "$program")
grep -q 'Type: *DYN' <<<"$headers" || fail "not position independent"
grep -q 'GNU_RELRO' <<<"$headers" || fail "no RELRO"
grep -qE 'BIND_NOW|FLAGS_1.*NOW' <<<"$headers" || fail "RELRO is not full"
grep -qE 'GNU_STACK.* RW ' <<<"$headers" || fail "the stack is executable"
grep -q '__stack_chk_fail' <<<"$symbols" || fail "no stack protector"
grep -qE '__[a-z]+_chk' <<<"$symbols" || fail "nothing is fortified"
# Debian's start-up objects carry no control-flow mark, so the linked program cannot; ours all must.
if [ "$(uname -m)" = x86_64 ]; then
  find "$(dirname "$program")/src" -name 'libmc_*.a' -print0 | while IFS= read -r -d '' archive; do
    unmarked=$(readelf -nW "$archive" | awk '/^File:/ {if (name && !seen) print name; name=$2; seen=0} /IBT, SHSTK/ {seen=1} END {if (name && !seen) print name}')
    [ -z "$unmarked" ] || fail "no control-flow protection (IBT, SHSTK): $unmarked"
  done
fi
strings -n 6 "$program" | grep -qF "$(cd "$2" && pwd)/" && fail "the binary names the folder it was built in"
echo "hardened"
