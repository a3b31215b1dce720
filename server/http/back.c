/* GET /back/{payment}: a signed reference that the provider knows too. It leads the browser on to
 * the page of the debt, which tells how the payment stands; without a browser's will (GET, HEAD)
 * nothing changes. */
#include "domain/paylink.h"
#include "domain/payment_reference.h"
#include "http/pages.h"
#include "http/payments.h"
#include "store/payment_store.h"

struct back_job {
    struct request *request;
    struct pg_query query;
    struct payment_id id;
};

static void on_found(void *owner, const PGresult *result, const struct err *err)
{
    struct back_job *job = owner;
    struct span state;
    struct paylink_id link = {.customer_id = job->id.customer_id};
    if (err->code != 0) {
        page_reply_notice(job->request, PAGE_NOTICE_DOWN, SPAN_LIT(""));
        return;
    }
    if (!payment_read_found(result, &state, &link.link_no)) {
        page_reply_notice(job->request, PAGE_NOTICE_NOWHERE, SPAN_LIT(""));
        return;
    }
    char code[PAYLINK_CODE_LEN + 1];
    paylink_print_code(job->request->world->keys, link, code);
    page_reply_to_link(job->request, span_str(code), "back=1");
}

static void on_request_gone(void *owner)
{
    struct back_job *job = owner;
    pg_query_cancel(&job->query);
}

void payments_back(struct request *r)
{
    struct back_job *job = request_alloc(r, sizeof(*job));
    struct err err = {0};
    *job = (struct back_job){.request = r};
    if (!payment_reference_check(r->world->keys, r->params[0], &job->id)) {
        page_reply_notice(r, PAGE_NOTICE_NOWHERE, SPAN_LIT(""));
        return;
    }
    if (payment_find(r->world->store, &job->query, job->id.customer_id, job->id.payment_no,
                     on_found, job, &err) != 0) {
        page_reply_notice(r, PAGE_NOTICE_DOWN, SPAN_LIT(""));
        return;
    }
    request_on_gone(r, on_request_gone, job);
}
