#include "http/rating.h"

#include "flow/debt_change.h"
#include "http/page_form.h"
#include "http/pages.h"
#include "http/sheet.h"
#include "store/rating_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { WORD_CHARACTERS_MAX = 500, WORD_BYTES_MAX = 5 * WORD_CHARACTERS_MAX };

struct rating_job {
    struct request *request; /* null when gone: the answer is kept */
    const struct world *world;
    int32_t stars;
    char word[WORD_BYTES_MAX + 1], nonce[FORM_NONCE_TEXT_LEN + 1];
    bool is_kept;
};

static void on_gone(void *owner)
{
    ((struct rating_job *)owner)->request = NULL;
}

/* A browser sends a line break as two characters and counts it as one. */
static size_t characters_of(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; ++i)
        count += ((unsigned char)text.base[i] & 0xc0) != 0x80 && text.base[i] != '\r';
    return count;
}

/* False for what is no answer. */
static bool read_rating(struct request *r, struct rating_job *job)
{
    struct span stars = request_form(r, "stars"), word = request_form(r, "word");
    if (stars.len != 1 || stars.base[0] < '1' || stars.base[0] > '5' ||
        word.len >= sizeof(job->word) || characters_of(word) > WORD_CHARACTERS_MAX)
        return false;
    job->stars = stars.base[0] - '0';
    if (word.len > 0)
        memcpy(job->word, word.base, word.len);
    return true;
}

/* Only who has paid is asked. */
static bool decide(void *owner, const struct debt *debt, const PGresult *more, struct pg_tx *tx,
                   pg_result_cb on_result)
{
    const struct rating_job *job = owner;
    (void)more;
    if (debt->due_minor > 0 || debt->paid_minor <= 0)
        return false;
    rating_add(tx, debt,
               &(struct rating_given){.stars = job->stars,
                                      .word = span_str(job->word),
                                      .form_nonce = span_str(job->nonce),
                                      .now = job->world->now()},
               on_result);
    return true;
}

static void on_row(void *owner, const PGresult *result)
{
    ((struct rating_job *)owner)->is_kept = rating_read_kept(result);
}

/* ---- what is answered, in the customer's language ---- */

static void show_kept(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct sheet s = sheet_new(r, debt, "");
    (void)more;
    sheet_reply_answer(&s, 200, "rated", "good", NULL);
}

static void show_late(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct sheet s = sheet_new(r, debt, "");
    (void)more;
    sheet_reply_answer(&s, 409, "rated_late", "info", NULL);
}

static void show_none(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct sheet s = sheet_new(r, debt, "");
    (void)more;
    sheet_reply_answer(&s, 422, "rating_none", "warn", NULL);
}

static void show_unpaid(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct sheet s = sheet_new(r, debt, "");
    (void)more;
    sheet_reply_answer(&s, 409, "rating_unpaid", "info", NULL);
}

static void on_done(void *owner, enum debt_change_result result, const struct err *err)
{
    struct rating_job *job = owner;
    struct request *r = job->request;
    bool is_kept = job->is_kept;
    free(job);
    if (r == NULL ||
        sheet_reply_failed(r, err, result == DEBT_CHANGE_NOWHERE, result == DEBT_CHANGE_REVOKED))
        return;
    sheet_open(r, NULL,
               result != DEBT_CHANGE_SAVED ? show_unpaid
               : is_kept                   ? show_kept
                                           : show_late);
}

void rating_take(struct request *r)
{
    struct paylink_id link;
    struct form_token token;
    struct err err = {0};
    if (!page_form_take(r, FORM_RATING, &link, &token))
        return;
    struct rating_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = r;
    job->world = r->world;
    snprintf(job->nonce, sizeof(job->nonce), "%s", token.nonce);
    if (!read_rating(r, job)) {
        free(job);
        sheet_open(r, NULL, show_none);
        return;
    }
    const struct debt_change_options options = {.link = link,
                                                .page = page_form_page(r),
                                                .decide = decide,
                                                .on_row = on_row,
                                                .on_done = on_done,
                                                .owner = job};
    if (debt_change_begin(r->world, &options, &err) != 0) {
        free(job);
        page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
        return;
    }
    request_on_gone(r, on_gone, job);
}
