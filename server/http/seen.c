#include "http/seen.h"

#include "base/metrics.h"
#include "domain/form_token.h"
#include "flow/page_version.h"
#include "http/page_form.h"
#include "http/reply.h"
#include "store/contact_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { TOKEN_VALID_SECONDS = 12 * 3600 };

struct seen_job {
    struct world *world;
    struct pg_tx tx;
    char page[PAGE_NAME_LEN + 1]; /* its name, see flow/page_version.h */
    int64_t count;
};

static void add(const struct world *world, enum metric_id id, int64_t by)
{
    if (world->metrics != NULL)
        metrics_add(world->metrics, id, by);
}

static void on_seen(void *owner, const PGresult *result, const struct err *err)
{
    struct seen_job *job = owner;
    if (err->code == 0)
        job->count = pg_get_int(result, 0, 0);
}

static void on_saved(void *owner, const struct err *err)
{
    struct seen_job *job = owner;
    if (err->code == 0) {
        page_version_note_kept(job->world->page_versions, span_str(job->page));
        add(job->world, METRIC_pages_seen, 1);
        add(job->world, METRIC_reminders_opened, job->count);
    }
    free(job);
}

void seen_note(struct world *world, struct paylink_id link, struct span named)
{
    struct seen_job *job = calloc(1, sizeof(*job));
    struct err err;
    if (job == NULL)
        abort();
    job->world = world;
    const struct page_shown page = page_version_shown(world->page_versions, named);
    snprintf(job->page, sizeof(job->page), "%.*s", SPAN_ARG(page.name));
    if (contact_seen(world->store, &job->tx, link, &page, world->now(), on_seen, on_saved, job,
                     &err) != 0)
        free(job);
}

void seen_take(struct request *r)
{
    struct paylink_id link;
    struct form_token token;
    struct span site = request_header(r, "sec-fetch-site");
    bool is_here = site.base == NULL || span_is_str(site, "same-origin");
    if (paylink_check_code(r->world->keys, r->params[0], &link) && is_here &&
        form_token_check(r->world->keys, FORM_SEEN, link, request_form(r, "token"), clock_wall(),
                         TOKEN_VALID_SECONDS, &token) == FORM_TOKEN_GOOD)
        seen_note(r->world, link, page_form_page(r));
    reply_empty(r, 204);
}

bool seen_is_robot(struct span agent)
{
    static const char *const words[] = {
        "bot",      "crawl", "spider", "preview", "scan",   "facebookexternal",
        "whatsapp", "slack", "curl/",  "wget",    "python", "go-http",
        "headless", "proxy", "monitor"};
    if (agent.len == 0)
        return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); ++i)
        for (size_t at = 0; at + strlen(words[i]) <= agent.len; ++at)
            if (strncasecmp(agent.base + at, words[i], strlen(words[i])) == 0)
                return true;
    return false;
}
