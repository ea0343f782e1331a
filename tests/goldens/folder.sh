#!/usr/bin/env bash
# Prints the folder of the large goldens for $MOBILECLIP_GOLDEN, if there is one: they are not part of the
# tree, and the tests that read them are skipped without it.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${MOBILECLIP_GOLDEN:-../shared/golden}
[ ! -d "$folder" ] || (cd "$folder" && pwd)
