/* hold: see hold.h. */
#include "serve/hold.h"

#define FIRST_WAIT (50 * CLOCK_MILLISECOND)
#define MOST_WAIT  CLOCK_SECOND
#define GIVE_UP    (5 * CLOCK_SECOND)

void hold_open(struct hold *hold, void (*fired)(struct loop_timer *timer), void *owner)
{
    *hold = (struct hold){.wait = FIRST_WAIT, .timer = {.fired = fired, .owner = owner}};
    hold->last = &hold->first;
}

bool hold_is_full(const struct hold *hold)
{
    return hold->count >= HOLD_MAX;
}

void hold_add(struct hold *hold, struct loop *loop, struct connection *connection)
{
    connection->started = loop_now(loop);
    connection->next = NULL;
    *hold->last = connection;
    hold->last = &connection->next;
    if (hold->count++ == 0)
        hold->wait = FIRST_WAIT;
    if (!loop_is_armed(&hold->timer))
        loop_arm(loop, &hold->timer, loop_now(loop) + hold->wait);
}

struct connection *hold_take(struct hold *hold)
{
    struct connection *connection = hold->first;

    if (!connection)
        return NULL;
    hold->first = connection->next;
    if (!hold->first)
        hold->last = &hold->first;
    hold->count--;
    return connection;
}

void hold_put_back(struct hold *hold, struct loop *loop, struct connection *connection)
{
    connection->next = hold->first;
    if (!hold->first)
        hold->last = &connection->next;
    hold->first = connection;
    hold->count++;
    hold->wait = hold->wait * 2 < MOST_WAIT ? hold->wait * 2 : MOST_WAIT;
    loop_arm(loop, &hold->timer, loop_now(loop) + hold->wait);
}

bool hold_is_over(const struct connection *connection, nanoseconds now)
{
    return now - connection->started >= GIVE_UP;
}
