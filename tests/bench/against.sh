#!/usr/bin/env bash
# What bench/against.awk calls a loss. TREE
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# compare THEIRS OURS: counts as words "case:count".
compare() {
  tr ' ' '\n' <<<"$1" | tr ':' ' ' | sed '/^$/d' >"$work/theirs"
  tr ' ' '\n' <<<"$2" | tr ':' ' ' | sed '/^$/d' >"$work/ours"
  awk -f "$tree/bench/against.awk" "$work/theirs" "$work/ours" >"$work/out"
}
tree=$1
fail() { echo "$1" >&2; cat "$work/out" >&2; exit 1; }
compare "a:1000 b:2000" "a:1000 b:2000" || fail "equal counts are no loss"
compare "a:1000 b:2000" "a:1050 b:100" || fail "5 % are allowed, a gain is no loss"
grep -q '^a .* 1.050$' "$work/out" || fail "the ratio"
compare "a:1000 b:2000" "a:1051 b:100" && fail "5.1 % are a loss, whatever another case gains"
grep -q '^a .*more than 5 %$' "$work/out" || fail "which case lost"
compare "a:5000000000 b:20000000000" "a:5000000000 b:21100000000" && fail "counts beyond 32 bits"
compare "a:1000 b:2000" "a:1000" && fail "a case that was not counted here"
compare "a:1000" "a:1000 b:2000" && fail "a case that was not counted there"
compare "a:1000 b:" "a:1000 b:7" && fail "an empty count"
compare "a:1000" "a:0" && fail "a count of nothing"
compare "" "" && fail "no counts at all"
exit 0
