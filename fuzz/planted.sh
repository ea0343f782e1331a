#!/usr/bin/env bash
# A target's planted bug is found, from its corpus, within SECONDS; the corpus alone does not reach it.
# usage: planted.sh BUILD-FOLDER SECONDS TARGET
set -euo pipefail
build=$1 seconds=$2 name=$3
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/found"
program=$build/fuzz/planted_$name
if ! "$program" -runs=0 -artifact_prefix="$work/" "fuzz/corpus/$name" >"$work/log" 2>&1; then
  tail -5 "$work/log"
  echo "$name: the corpus itself reaches the planted bug"
  exit 1
fi
started=$(date +%s)
"$program" -seed=1 -max_total_time="$seconds" -timeout=30 -artifact_prefix="$work/" "$work/found" \
  "fuzz/corpus/$name" >"$work/log" 2>&1 || true
if ! grep -qa 'the planted bug was reached' "$work/log"; then
  tail -3 "$work/log"
  echo "$name: not found within $seconds s"
  exit 1
fi
echo "$name: found after $(($(date +%s) - started)) s"
