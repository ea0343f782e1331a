#!/usr/bin/env bash
# One target for SECONDS, from its corpus and what earlier runs left. usage: live.sh BUILD-FOLDER SECONDS TARGET
set -euo pipefail
build=$1 seconds=$2 name=$3
cd "$(dirname "$0")/.."
found=$build/found/$name log=$build/$name.log
mkdir -p "$found"
if ! "$build/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=2048 -malloc_limit_mb=512 \
  -print_final_stats=1 -artifact_prefix="$build/found/$name-" "$found" "fuzz/corpus/$name" >"$log" 2>&1; then
  tail -30 "$log"
  echo "$name: a finding; the input is $build/found/$name-*, all of it is in $log"
  exit 1
fi
echo "$name: $(awk '/number_of_executed_units/ {print $2}' "$log") inputs in $seconds s, no finding"
