# flood.awk: the medians of one scenario as a table without ratios; with base, the first metric
# through that of the row of this name.
#
#   awk -v scenario=NAME -v metrics="A B" [-v base=ROW] -f median.awk -f flood.awk RESULTS
$1 == scenario {
    if (!($2 in seen)) {
        seen[$2] = 1
        names[++name_count] = $2
    }
    values[$2 SUBSEP $3, ++counts[$2 SUBSEP $3]] = $4 + 0
}

END {
    metric_count = split(metrics, metric, " ")
    printf "%-20s", scenario
    for (m = 1; m <= metric_count; m++)
        printf " %12s%s", metric[m], m == 1 && base != "" ? "   ratio" : ""
    printf "\n"
    for (n = 1; n <= name_count; n++) {
        printf "%-20s", names[n]
        for (m = 1; m <= metric_count; m++) {
            here = median(names[n] SUBSEP metric[m])
            printf " %12s", here == int(here) ? here : sprintf("%.1f", here)
            if (m == 1 && base != "")
                printf " %7.3f", here / median(base SUBSEP metric[1])
        }
        printf "\n"
    }
}
