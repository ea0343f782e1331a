#!/usr/bin/env bash
# Processors without AVX, emulated: one of 2008, for which Highway has its portable target only (its SSE4 wants
# the AES instructions too), and one of 2010 with SSE4. GOLDEN_PROGRAM MOBILECLIP CHECKPOINT GOLDEN
set -euo pipefail
command -v qemu-x86_64 >/dev/null || { echo "skipped: no qemu-x86_64 (./dev setup emulate)"; exit 77; }
while read -r cpu isa available; do
  version=$(qemu-x86_64 -cpu "$cpu" "$2" --version)
  grep -qx "instruction set: $isa (available: $available)" <<<"$version" || { echo "$cpu: $version"; exit 1; }
  errors=$(qemu-x86_64 -cpu "$cpu" "$1" "$3" "$4") || { echo "$cpu: $errors"; exit 1; }
  echo "$cpu: $errors"
  [ "$(grep -c "^$isa: " <<<"$errors")" = 2 ] || exit 1
done <<'EOF'
Nehalem scalar scalar
Westmere sse4 sse4, scalar
EOF
