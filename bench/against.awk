# against.awk THEIRS OURS, lines "CASE INSTRUCTIONS" each: prints the ratios; exit 1 if a case is more than 5 %
# worse, or missing.
function bad(why) { print why; failed = 1 }
FNR == 1 { ++file }
file == 1 { theirs[$1] = $2; order[++cases] = $1 }
file == 2 { ours[$1] = $2; if (!($1 in theirs)) bad($1 ": counted here only") }
END {
  if (!cases) bad("nothing was counted")
  for (i = 1; i <= cases; ++i) {
    name = order[i]
    if (!(name in ours) || ours[name] + 0 <= 0 || theirs[name] + 0 <= 0) { bad(name ": no count"); continue }
    ratio = ours[name] / theirs[name]
    loss = ratio > 1.05
    printf "%-14s %15.0f %15.0f %7.3f%s\n", name, theirs[name], ours[name], ratio, (loss ? "  a loss of more than 5 %" : "")
    if (loss) failed = 1
  }
  exit failed + 0
}
