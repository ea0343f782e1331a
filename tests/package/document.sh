#!/usr/bin/env bash
# document.sh FILE FOLDER: writes each ```cpp and ```c block of FILE to the name in its first line
# (`// name.cc: …`), runs each ```sh block in FOLDER and compares with the ``` block right below it.
set -euo pipefail
document=$1
cd "$2"
awk -v sep='\001' -v end='\002' '
  /^```(cpp|c|sh)$/ {kind = substr($0, 4); body = ""; inside = 1; if (kind == "sh") run = 1; next}
  /^```$/ && !inside && command != "" {inside = 1; kind = "shown"; body = ""; next}
  /^```/ && !inside {inside = 1; kind = "other"; next}
  /^```$/ && inside {
    inside = 0
    if (kind == "sh") {if (command != "") printf "sh%s%s%s%s", sep, command, sep end, ""; command = body}
    else if (kind == "shown") {printf "sh%s%s%s%s%s", sep, command, sep, body, end; command = ""}
    else if (kind != "other") {
      if (command != "") {printf "sh%s%s%s%s", sep, command, sep, end; command = ""}
      printf "file%s%s%s%s", sep, body, sep, end
    }
    next
  }
  inside {body = body $0 "\n"; next}
  /./ {if (command != "") printf "sh%s%s%s%s", sep, command, sep, end; command = ""}
  END {if (command != "") printf "sh%s%s%s%s", sep, command, sep, end}
' "$document" >blocks
count=0
while IFS=$'\001' read -r -d $'\002' kind body shown; do
  if [ "$kind" = file ]; then
    name=$(sed -nE '1s|^(//\|/\*) ([a-z_]+\.(cc\|c)).*|\2|p' <<<"$body")
    [ -n "$name" ] || { echo "a program of $document has no name in its first line"; exit 1; }
    printf '%s' "$body" >"$name"
    continue
  fi
  actual=$(bash -euo pipefail -c "$body") || { echo "$document: failed: $body"; exit 1; }
  if [ -n "$shown" ] && [ "$actual" != "${shown%$'\n'}" ]; then
    printf '%s shows for %s\n%s\nbut it is\n%s\n' "$document" "$body" "$shown" "$actual"
    exit 1
  fi
  count=$((count + 1))
done <blocks
[ "$count" -gt 0 ] || { echo "$document holds no command"; exit 1; }
echo "$count commands of $(basename "$document") do what it says"
