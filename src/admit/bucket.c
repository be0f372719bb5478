/* bucket: see bucket.h. */
#include "admit/bucket.h"

/* The codec sees to it that this is at least a nanosecond. */
static nanoseconds interval(const struct settings_rate *rate)
{
    return rate->period / rate->count;
}

nanoseconds bucket_ready(const struct bucket *bucket, const struct settings_rate *rate)
{
    nanoseconds room;

    if (rate->count == 0)
        return 0;
    /* With one more it must be full within the period. */
    room = rate->period - interval(rate);
    return bucket->full > room ? bucket->full - room : 0;
}

bool bucket_take(struct bucket *bucket, const struct settings_rate *rate, nanoseconds now)
{
    if (rate->count == 0)
        return true;
    if (bucket_ready(bucket, rate) > now)
        return false;
    bucket->full = (bucket->full > now ? bucket->full : now) + interval(rate);
    return true;
}

void bucket_give(struct bucket *bucket, const struct settings_rate *rate)
{
    if (rate->count > 0)
        bucket->full -= interval(rate);
}

void bucket_adapt(struct bucket *bucket, const struct settings_rate *rate, nanoseconds now)
{
    if (bucket->full > now + rate->period)
        bucket->full = now + rate->period;
}
