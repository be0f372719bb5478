# warm.awk: what warm.sh noted, as a table: a row a handler, the best peer and each form of ours.
#
#   awk -f median.awk -f warm.awk RESULTS
#
# Each cell is "first / rate": the median of the p50 from connect to first byte in ms, and connections a
# second with 8 at once. The last columns: how many times sooner and faster the best form is than the
# best peer, of those that lost nobody.
function cell(name) {
    if (!counts[name SUBSEP "first"])
        return "-"
    return sprintf("%.2f / %.0f%s", median(name SUBSEP "first") / 1000, median(name SUBSEP "rate"),
        median(name SUBSEP "errors") > 0 ? "!" : "")
}

$1 ~ /^warm-/ {
    handler = substr($1, 6)
    if (!(handler in seen)) {
        seen[handler] = 1
        handlers[++handler_count] = handler
    }
    if (!(($2) in names) && $2 !~ /^(stdinetd|entry|entry-template|io|io-template)$/) {
        names[$2] = 1
        peers[++peer_count] = $2
    }
    values[handler SUBSEP $2 SUBSEP $3, ++counts[handler SUBSEP $2 SUBSEP $3]] = $4 + 0
}

END {
    form_count = split("stdinetd entry entry-template io io-template", forms, " ")
    printf "%-16s %16s %16s %16s %16s %16s %16s %8s %8s\n", "first ms / rate", "best peer", "cold",
        "entry", "entry template", "io", "io template", "sooner", "faster"
    for (h = 1; h <= handler_count; h++) {
        best_first = best_rate = our_first = our_rate = 0
        for (p = 1; p <= peer_count; p++) {
            key = handlers[h] SUBSEP peers[p] SUBSEP
            if (!counts[key "first"] || median(key "errors") > 0)
                continue
            if (!best_first || median(key "first") < best_first)
                best_first = median(key "first")
            if (median(key "rate") > best_rate)
                best_rate = median(key "rate")
        }
        printf "%-16s %16s", handlers[h],
            best_first ? sprintf("%.2f / %.0f", best_first / 1000, best_rate) : "-"
        for (f = 1; f <= form_count; f++) {
            key = handlers[h] SUBSEP forms[f]
            printf " %16s", cell(key)
            if (f == 1 || !counts[key SUBSEP "first"])
                continue
            if (!our_first || median(key SUBSEP "first") < our_first)
                our_first = median(key SUBSEP "first")
            if (median(key SUBSEP "rate") > our_rate)
                our_rate = median(key SUBSEP "rate")
        }
        printf " %8s %8s\n", best_first ? sprintf("%.1f", best_first / our_first) : "-",
            best_rate ? sprintf("%.1f", our_rate / best_rate) : "-"
    }
}
