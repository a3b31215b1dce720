#include "app/pane_tap.h"

#include "app/demo_phones.h"
#include "app/pane_http.h"
#include "app/pane_input.h"
#include "app/panes.h"

#include <stdlib.h>

struct tapping {
    struct pane_request *request; /* null when gone */
};

static void on_tapped(void *owner, bool is_done)
{
    struct tapping *tapping = owner;
    if (tapping->request != NULL && is_done)
        pane_reply_json(tapping->request, 200, json_pack("{s:b}", "opened", 1));
    else if (tapping->request != NULL)
        pane_reply_problem(tapping->request, 409, "not_opened");
    free(tapping);
}

void pane_tap(struct pane_request *request)
{
    struct panes *panes = request->owner;
    struct pane_input input;
    pane_input_init(&input, request);
    int64_t id = pane_input_int(&input, "id", 0);
    pane_input_release(&input);
    if (id <= 0) {
        pane_reply_problem(request, 422, "no_such_message");
        return;
    }
    struct tapping *tapping = h2o_mem_alloc(sizeof(*tapping));
    pane_hold(request, &tapping->request);
    demo_phones_tap(panes->phones, id, on_tapped, tapping);
}
