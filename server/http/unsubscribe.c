#include "http/unsubscribe.h"

#include "base/metrics.h"
#include "flow/page_version.h"
#include "http/page_form.h"
#include "http/pages.h"
#include "store/contact_store.h"

#include <stdio.h>
#include <stdlib.h>

struct unsubscribe_job {
    struct request *request; /* null when gone: the wish is kept */
    struct world *world;
    struct pg_tx tx;
    struct contact_changed changed;
    char page[PAGE_NAME_LEN + 1];
};

static void add(const struct world *world, enum metric_id id, int64_t by)
{
    if (world->metrics != NULL)
        metrics_add(world->metrics, id, by);
}

static void on_gone(void *owner)
{
    ((struct unsubscribe_job *)owner)->request = NULL;
}

static void on_changed(void *owner, const PGresult *result, const struct err *err)
{
    struct unsubscribe_job *job = owner;
    if (err->code == 0)
        contact_read_changed(result, &job->changed);
}

static void on_saved(void *owner, const struct err *err)
{
    struct unsubscribe_job *job = owner;
    struct request *r = job->request;
    if (err->code == 0)
        page_version_note_kept(job->world->page_versions, span_str(job->page));
    if (err->code == 0 && job->changed.is_new)
        add(job->world, METRIC_unsubscribed, 1);
    if (r != NULL && err->code != 0)
        page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
    else if (r != NULL && !job->changed.is_known)
        page_reply_notice(r, PAGE_NOTICE_NOWHERE, SPAN_LIT(""));
    else if (r != NULL)
        page_reply_notice_in(r, PAGE_NOTICE_UNSUBSCRIBED, r->params[0],
                             span_str(job->changed.language));
    free(job);
}

/* Of multipart/form-data as providers send it: one part of this name, its value behind an empty
 * line. */
static bool is_in_multipart(struct span body)
{
    static const char name[] = "List-Unsubscribe", value[] = "\r\n\r\nOne-Click";
    const char *at = memmem(body.base, body.len, name, sizeof(name) - 1);
    if (at == NULL)
        return false;
    struct span behind = span_from(body, (size_t)(at - body.base) + sizeof(name) - 1);
    return memmem(behind.base, behind.len, value, sizeof(value) - 1) != NULL;
}

static bool wants_it(struct request *r)
{
    struct span type = request_header(r, "content-type");
    if (span_starts(type, SPAN_LIT("multipart/form-data")))
        return is_in_multipart(request_body(r));
    return span_is_str(request_form(r, "List-Unsubscribe"), "One-Click");
}

static void begin(struct request *r, struct paylink_id link)
{
    static const struct span email = {"email", 5};
    const struct page_shown page = page_version_shown(r->world->page_versions, page_form_page(r));
    const struct contact_change change = {.link = link,
                                          .notices_only = &email,
                                          .notices_only_count = 1,
                                          .by = SPAN_LIT("link"),
                                          .page = page,
                                          .now = r->world->now()};
    struct unsubscribe_job *job = calloc(1, sizeof(*job));
    struct err err = {0};
    if (job == NULL)
        abort();
    *job = (struct unsubscribe_job){.request = r, .world = r->world};
    snprintf(job->page, sizeof(job->page), "%.*s", SPAN_ARG(page.name));
    request_on_gone(r, on_gone, job);
    if (contact_change(r->world->store, &job->tx, &change, on_changed, on_saved, job, &err) == 0)
        return;
    request_on_gone(r, NULL, NULL);
    free(job);
    page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
}

void unsubscribe_take(struct request *r)
{
    struct paylink_id link;
    if (!paylink_check_code(r->world->keys, r->params[0], &link)) {
        add(r->world, METRIC_codes_forged, 1);
        page_reply_notice(r, PAGE_NOTICE_NOWHERE, SPAN_LIT(""));
    } else if (!wants_it(r)) {
        page_reply_notice(r, PAGE_NOTICE_FORM, r->params[0]);
    } else {
        begin(r, link);
    }
}
