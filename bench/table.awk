# table.awk: the medians of one scenario as a table, and each metric's ratio to the best peer.
#
#   awk -v scenario=NAME -v metrics="A B" -v better="max min" -f median.awk -f table.awk RESULTS
#
# RESULTS are lines of SCENARIO SERVER METRIC VALUE. The ratio in a peer's row is stdinetd's median
# through the peer's; the closing line names the best peer of each metric.
function show(value) {
    return value >= 100 || value == int(value) ? sprintf("%.0f", value) : sprintf("%.1f", value)
}

$1 == scenario {
    if (!($2 in seen)) {
        seen[$2] = 1
        names[++name_count] = $2
    }
    values[$2 SUBSEP $3, ++counts[$2 SUBSEP $3]] = $4 + 0
}

END {
    metric_count = split(metrics, metric, " ")
    split(better, direction, " ")
    printf "%-26s", scenario
    for (m = 1; m <= metric_count; m++)
        printf " %12s %7s", metric[m], "ratio"
    printf "\n"
    for (n = 1; n <= name_count; n++) {
        printf "%-26s", names[n]
        for (m = 1; m <= metric_count; m++) {
            if (!counts[names[n] SUBSEP metric[m]]) {
                printf " %12s %7s", "-", ""
                continue
            }
            mine = median("stdinetd" SUBSEP metric[m])
            here = median(names[n] SUBSEP metric[m])
            ratio = ""
            if (here > 0 && n > 1)
                ratio = sprintf("%.2f", mine / here)
            printf " %12s %7s", show(here), ratio
            # The best of those that answered everybody.
            if (n > 1 && median(names[n] SUBSEP "errors") == 0 &&
                (!(m in best) || (direction[m] == "max" ? here > top[m] : here < top[m]))) {
                best[m] = names[n]
                top[m] = here
            }
        }
        printf "\n"
    }
    for (m = 1; m <= metric_count; m++)
        if (m in best && top[m] > 0)
            printf "  %s: %.2f of the best peer's (%s)\n", metric[m], median("stdinetd" SUBSEP metric[m]) / top[m], best[m]
}
