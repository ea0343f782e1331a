#!/usr/bin/env bash
# No source file is longer than 500 lines.
set -euo pipefail
long=$(find "$1/src" "$1/include" "$1/tools" "$1/fuzz" "$1/tests" \( -name '*.cc' -o -name '*.h' \) -print0 |
  xargs -0 wc -l | awk '$1 > 500 && $2 != "total" {print $2 ": " $1 " lines"}')
[ -z "$long" ] || { echo "$long"; exit 1; }
echo "no file over 500 lines"
