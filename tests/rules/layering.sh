#!/usr/bin/env bash
# A folder of src/ includes only itself and the folders its CMakeLists.txt names (and what those may),
# which all stand above it; public headers include nothing internal. Proves itself on a copy with one
# forbidden include.
set -euo pipefail
root=$1
order="base checkpoint config download text image data kernels reparam layers model engine api index eval reinforce train server capi cli traincli"

# check TREE: prints each offence; fails if there is one.
check() {
  local tree=$1 bad=0 folder dep file line target
  declare -A allowed
  for folder in $order; do
    [ -d "$tree/src/$folder" ] || continue
    allowed[$folder]=" $folder "
    for dep in $(sed -n 's/^mobileclip_layer(.* DEPS \([a-z ]*[a-z]\).*/\1/p' "$tree/src/$folder/CMakeLists.txt"); do
      if [ -z "${allowed[$dep]:-}" ]; then
        echo "src/$folder depends on $dep, which does not stand above it"
        bad=1
        continue
      fi
      allowed[$folder]+="${allowed[$dep]}"
    done
    while IFS=: read -r file line; do
      target=$(sed -E 's/.*#include "([^"]*)".*/\1/' <<<"$line")
      [ "${target%%/*}" = mobileclip ] && continue
      [[ "${allowed[$folder]}" == *" ${target%%/*} "* ]] && continue
      echo "${file#"$tree"/} includes \"$target\""
      bad=1
    done < <(grep -rHoE '^#include "[^"]*"' "$tree/src/$folder" --include='*.cc' --include='*.h' || true)
  done
  for folder in "$tree"/src/*/; do
    folder=$(basename "$folder")
    [[ " $order " == *" $folder "* ]] || { echo "src/$folder has no place in the order"; bad=1; }
  done
  while IFS=: read -r file line; do
    echo "${file#"$tree"/} is public and has $line"
    bad=1
  done < <(grep -rHE '^#include ("|<(fmt|hwy|nlohmann|png|jpeg|unicode)/)' "$tree/include" | grep -v '#include "mobileclip/' || true)
  return $bad
}

check "$root"
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r "$root/src" "$root/include" "$copy/"
echo '#include "engine/model.h"' >>"$copy/src/image/decode.cc"
if check "$copy" >/dev/null; then
  echo "a forbidden include was not found"
  exit 1
fi
echo "layers hold"
