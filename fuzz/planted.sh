#!/usr/bin/env bash
# Each target's planted bug is found, from its corpus, within SECONDS; the corpus alone does not reach
# it. usage: planted.sh BUILD-FOLDER SECONDS [TARGET]
set -euo pipefail
build=$1 seconds=$2 only=${3:-}
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missed=0
for program in "$build"/fuzz/planted_*; do
  [ -x "$program" ] && [ -f "$program" ] || continue
  name=${program##*/planted_}
  [ -z "$only" ] || [ "$only" = "$name" ] || continue
  if ! "$program" -runs=0 "fuzz/corpus/$name" >"$work/log" 2>&1; then
    tail -5 "$work/log"
    echo "$name: the corpus itself reaches the planted bug"
    missed=1
    continue
  fi
  started=$(date +%s)
  mkdir "$work/$name"
  "$program" -seed=1 -use_value_profile=1 -max_total_time="$seconds" -timeout=10 -artifact_prefix="$work/" \
    "$work/$name" "fuzz/corpus/$name" >"$work/log" 2>&1 || true
  if grep -q 'the planted bug was reached' "$work/log"; then
    echo "$name: found after $(($(date +%s) - started)) s"
  else
    tail -3 "$work/log"
    echo "$name: not found within $seconds s"
    missed=1
  fi
done
exit $missed
