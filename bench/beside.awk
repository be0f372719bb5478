# beside.awk: each kind of neighbour's medians, and through those of the quiet before it.
#
#   awk -v scenario=NAME -f median.awk -f beside.awk RESULTS
#
# NAME's lines are those beside it, NAME-quiet's the others.
$1 == scenario || $1 == scenario "-quiet" {
    if (!($2 in seen)) {
        seen[$2] = 1
        names[++name_count] = $2
    }
    key = $1 SUBSEP $2 SUBSEP $3
    values[key, ++counts[key]] = $4 + 0
}

END {
    printf "%-20s %10s %10s %7s %10s %10s %7s %7s\n", "beside", "quiet p50", "p50", "ratio", "quiet p99", "p99", "ratio", "errors"
    for (n = 1; n <= name_count; n++) {
        printf "%-20s", names[n]
        for (m = 1; m <= 2; m++) {
            metric = m == 1 ? "first_p50" : "first_p99"
            quiet = median(scenario "-quiet" SUBSEP names[n] SUBSEP metric)
            here = median(scenario SUBSEP names[n] SUBSEP metric)
            printf " %10.0f %10.0f %7.2f", quiet, here, (quiet > 0 ? here / quiet : 0)
        }
        printf " %7d\n", median(scenario SUBSEP names[n] SUBSEP "errors")
    }
}
