# Lines NAME|MUST|AIM|THREADS|BATCH|PEER_MS|OURS_MS|PEAK, one per row and round, to the table of ratios and
# the scaling from one thread to two at the largest batch.
function median(list, n,  v, i, j, t) {
  split(list, v, " ")
  for (i = 2; i <= n; ++i) for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; --j) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
  return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}
{
  if (!($1 in count)) { order[++rows] = $1; must[$1] = $2; aim[$1] = $3; threads[$1] = $4; batch[$1] = $5; low[$1] = high[$1] = $7 / $6 }
  ++count[$1]
  peer[$1] = peer[$1] " " $6
  ours[$1] = ours[$1] " " $7
  peaks = peaks " " $8
  ++all
  ratio = $7 / $6
  if (ratio < low[$1]) low[$1] = ratio
  if (ratio > high[$1]) high[$1] = ratio
}
END {
  printf "FMA peak   %.1f GFLOP/s a thread, median over the run\n\n", median(peaks, all)
  print "| milliseconds an item | peer | ours | ours/peer | rounds | must | aim | |"
  print "|---|---|---|---|---|---|---|---|"
  for (i = 1; i <= rows; ++i) {
    name = order[i]
    p = median(peer[name], count[name]) / batch[name]
    o = median(ours[name], count[name]) / batch[name]
    item[name] = o
    verdict = must[name] == "-" ? "" : (o / p <= aim[name] ? "aim" : (o / p <= must[name] ? "must" : "missed"))
    printf "| %s | %.2f | %.2f | %.3f | %.3f to %.3f | %s | %s | %s |\n", name, p, o, o / p, low[name], high[name], must[name], aim[name], verdict
  }
  for (i = 1; i <= rows; ++i) {
    name = order[i]
    if (threads[name] != 2 || batch[name] == 1) continue
    one = name
    sub(/2 threads/, "1 thread", one)
    if (!(one in item)) continue
    if (!heading++) print "\n| ours, 1 thread / 2 threads | | must | aim | |\n|---|---|---|---|---|"
    scale = item[one] / item[name]
    sub(/, 2 threads/, "", name)
    printf "| %s | %.2f | 1.8 | 1.9 | %s |\n", name, scale, (scale >= 1.9 ? "aim" : scale >= 1.8 ? "must" : "missed")
  }
}
