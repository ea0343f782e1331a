#!/usr/bin/env bash
# Runs the README's commands that are not the two of the quick start, and compares the output shown
# right below them.
set -euo pipefail
cd "$(dirname "$0")/../.."
awk '
  /^```sh$/ {inside = "sh"; code = ""; next}
  /^```$/ && inside == "sh" {inside = ""; command = code; next}
  /^```$/ && inside == "" && command != "" {inside = "shown"; shown = ""; next}
  /^```$/ && inside == "shown" {inside = ""; printf "%s%c%s%c", command, 1, shown, 2; command = ""; next}
  inside == "sh" {code = code $0 "\n"; next}
  inside == "shown" {shown = shown $0 "\n"; next}
  /./ {command = ""}
' README.md | while IFS=$'\001' read -r -d $'\002' command shown; do
  actual=$(bash -euo pipefail -c "$command")
  if [ "$actual" != "${shown%$'\n'}" ]; then
    printf 'README shows for %s\n%s\nbut it is\n%s\n' "$command" "$shown" "$actual"
    exit 1
  fi
  echo "README: ok: ${command%%$'\n'*}"
done
