/* The happy path: it is said, in one transaction; behind a payment feed what waited for it is let
 * go, a transaction each for so many, until there are no more. What can fail: a transaction:
 * whoever says it hears so; what was not let go has its next look within ten minutes all the same.
 */
#include "flow/sending_tell.h"

#include "flow/world.h"

#include <stdlib.h>

struct sending_telling {
    struct world *world;
    struct sending_order order; /* without its texts */
    struct pg_tx tx;
    bool has_more;
    sending_tell_cb on_done;
    void *owner;
};

static void finish(struct sending_telling *telling, const struct err *err)
{
    sending_tell_cb on_done = telling->on_done;
    void *owner = telling->owner;
    free(telling);
    on_done(owner, err);
}

static void on_released(void *owner, const PGresult *result, const struct err *err)
{
    struct sending_telling *telling = owner;
    telling->has_more = err->code == 0 && sending_read_released(result) == SENDING_RELEASED_MAX;
}

static void on_said(void *owner, const struct err *err)
{
    struct sending_telling *telling = owner;
    struct err failed;
    bool is_over = !telling->has_more;
    telling->has_more = false;
    if (err->code != 0 || is_over)
        finish(telling, err);
    else if (sending_release(telling->world->store, &telling->tx, &telling->order, on_released,
                             on_said, telling, &failed) != 0)
        finish(telling, &failed);
}

int sending_tell(struct world *world, const struct sending_order *order, sending_tell_cb on_done,
                 void *owner, struct err *err)
{
    struct sending_telling *telling = calloc(1, sizeof(*telling));
    if (telling == NULL)
        abort();
    *telling = (struct sending_telling){.world = world,
                                        .order = *order,
                                        .has_more = order->word == SENDING_FEED,
                                        .on_done = on_done,
                                        .owner = owner};
    telling->order.who = telling->order.why = (struct span){NULL, 0};
    int rc = sending_say(world->store, &telling->tx, order, on_said, telling, err);
    if (rc != 0)
        free(telling);
    return rc;
}
