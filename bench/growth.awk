# growth.awk: each server's medians with many services, through its own with one.
#
#   awk -v many=services-5000 -f median.awk -f growth.awk RESULTS
$1 == many || $1 == "services-0" {
    if (!($2 in seen)) {
        seen[$2] = 1
        names[++name_count] = $2
    }
    key = $1 SUBSEP $2 SUBSEP $3
    values[key, ++counts[key]] = $4 + 0
}

END {
    for (n = 1; n <= name_count; n++) {
        one_rate = median("services-0" SUBSEP names[n] SUBSEP "rate")
        one_cpu = median("services-0" SUBSEP names[n] SUBSEP "cpu")
        if (one_rate > 0 && one_cpu > 0 && counts[many SUBSEP names[n] SUBSEP "rate"])
            printf "  %-20s rate %.2f, CPU %.2f\n", names[n], median(many SUBSEP names[n] SUBSEP "rate") / one_rate, median(many SUBSEP names[n] SUBSEP "cpu") / one_cpu
    }
}
