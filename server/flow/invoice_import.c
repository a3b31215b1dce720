#include "flow/invoice_import.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "base/metrics.h"
#include "domain/paylink.h"
#include "flow/import_rows.h"
#include "flow/import_saver.h"
#include "flow/import_seen.h"
#include "io/timer.h"
#include "store/campaign_store.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

struct invoice_import {
    struct invoice_import_options options;
    struct timer later; /* begins, retries, ends: from the loop, never inside a call */
    void (*later_step)(struct invoice_import *);
    char id[IMPORT_ID_LEN + 1], name[256];
    struct csv_survey *survey;
    struct csv_shape shape;
    struct import_campaign campaign; /* with id 0: none */
    struct campaign_text *text;
    char numbers_of[CAMPAIGN_NAME_MAX + 1]; /* the campaign whose debts these are */
    char twin[CAMPAIGN_NAME_MAX + 1];       /* one of the same content that is under way; or "" */
    int64_t file_key;
    uint8_t sha256[SHA256_LEN];
    bool is_held, is_locked; /* by this process, by the session */
    bool is_resumed;

    int64_t read_offset; /* of the survey */
    struct import_seen *seen;
    struct import_rows *rows; /* null before they begin */
    struct import_saver *saver;
    size_t part_rows;
    struct pg_tx tx;                 /* of what comes before the parts and after them */
    int64_t found_bytes, found_line; /* where the import stands, as the database says; -1: not */

    struct invoice_import_progress progress;
    struct invoice_import_result result;
    struct err err;
};

static void survey_more(struct invoice_import *);
static void on_part_saved(void *owner, const struct import_part *part, const struct err *err);

/* ---- the lock of a file's content ---- */

/* A session may take one lock any number of times, so what this process holds is noted here: two
 * uploads of one file go over the same connection. */
static int64_t held_keys[16];
static size_t held_count;

static bool hold_key(int64_t key)
{
    for (size_t i = 0; i < held_count; ++i)
        if (held_keys[i] == key)
            return false;
    if (held_count == sizeof held_keys / sizeof *held_keys)
        return false;
    held_keys[held_count++] = key;
    return true;
}

static void let_go_of_key(int64_t key)
{
    for (size_t i = 0; i < held_count; ++i)
        if (held_keys[i] == key)
            held_keys[i] = held_keys[--held_count];
}

/* ---- life ---- */

static void on_later(void *owner)
{
    struct invoice_import *im = owner;
    im->later_step(im);
}

static void do_later(struct invoice_import *im, uint32_t delay_ms,
                     void (*step)(struct invoice_import *))
{
    im->later_step = step;
    timer_start(&im->later, delay_ms);
}

static void prepare_campaign(struct invoice_import *im)
{
    const struct invoice_import_campaign *campaign = &im->options.campaign;
    const struct world *world = im->options.world;
    struct err err;
    if (campaign->id == 0)
        return;
    /* One that is none any more fails when it is asked for. */
    im->text = campaign_text_new(campaign->template, &err);
    snprintf(im->numbers_of, sizeof im->numbers_of, "%.*s", SPAN_ARG(campaign->name));
    im->campaign =
        (struct import_campaign){.id = campaign->id,
                                 .text = im->text,
                                 .creditor = &world->creditor,
                                 .is_plain = campaign->is_plain,
                                 .link_len = world->public_url.len + 1 + PAYLINK_CODE_LEN};
    csv_survey_for_campaign(im->survey, world->campaigns.rows_max);
}

struct invoice_import *invoice_import_begin(const struct invoice_import_options *options)
{
    struct invoice_import *im = calloc(1, sizeof *im);
    if (im == NULL)
        abort();
    im->options = *options;
    im->part_rows = options->part_rows < 1                      ? 1
                    : options->part_rows > IMPORT_PART_ROWS_MAX ? IMPORT_PART_ROWS_MAX
                                                                : options->part_rows;
    snprintf(im->name, sizeof im->name, "%.*s", SPAN_ARG(options->name));
    if (options->id != NULL)
        snprintf(im->id, sizeof im->id, "%s", options->id);
    timer_init(&im->later, options->world->loop, "import", on_later, im);
    im->saver = import_saver_new(
        &(struct import_saver_options){.world = options->world,
                                       .store = options->store,
                                       .rows_max = im->part_rows,
                                       .campaign = options->campaign.id == 0 ? NULL : &im->campaign,
                                       .on_saved = on_part_saved,
                                       .owner = im});
    im->survey = csv_survey_new();
    prepare_campaign(im);
    im->progress.size_bytes = options->source->size_bytes;
    do_later(im, 1, survey_more);
    return im;
}

static void import_free(struct invoice_import *im)
{
    timer_stop(&im->later);
    pg_tx_cancel(&im->tx);
    import_source_free(im->options.source);
    import_rows_free(im->rows);
    import_saver_free(im->saver);
    import_seen_free(im->seen);
    campaign_text_free(im->text);
    csv_survey_free(im->survey);
    free(im);
}

/* Best effort: the lock also goes with the session. */
static void unlock(struct invoice_import *im)
{
    struct err ignored;
    struct pg_tx tx = {0};
    if (im->is_held)
        let_go_of_key(im->file_key);
    im->is_held = false;
    if (!im->is_locked)
        return;
    im->is_locked = false;
    pg_tx_cancel(&im->tx);
    import_saver_cancel(im->saver);
    if (pg_tx_begin(im->options.store->writes, &tx, NULL, NULL, &ignored) != 0)
        return;
    import_add_unlock(&tx, im->file_key);
    pg_tx_commit(&tx);
    pg_tx_cancel(&tx);
}

void invoice_import_cancel(struct invoice_import *im)
{
    unlock(im);
    import_free(im);
}

/* The one exit. */
static void finish(struct invoice_import *im)
{
    struct invoice_import_options options = im->options;
    struct invoice_import_result result = im->result;
    struct err err = im->err;
    unlock(im);
    snprintf(result.id, sizeof result.id, "%s", im->id);
    result.created_count = im->progress.created_count;
    result.changed_count = im->progress.changed_count;
    result.same_count = im->progress.same_count;
    result.bad_count = im->progress.bad_count;
    import_free(im);
    options.on_done(options.owner, &result, &err);
}

/* `err` may be good: then it was done. */
static void end_with(struct invoice_import *im, const struct err *err)
{
    im->err = *err;
    do_later(im, 0, finish);
}

static void fail_with(struct invoice_import *im, int code, const char *text)
{
    struct err err;
    err_set(&err, code, "%s", text);
    end_with(im, &err);
}

static void tell_progress(struct invoice_import *im)
{
    if (im->options.on_progress != NULL)
        im->options.on_progress(im->options.owner, &im->progress);
}

/* ---- 1: survey ---- */

static void on_refusal_saved(void *owner, const struct err *err)
{
    struct invoice_import *im = owner;
    end_with(im, err);
}

/* An upload keeps its refusal; a file from disk leaves no trace. */
static void refuse(struct invoice_import *im, const char *problem, const char *detail)
{
    im->result.problem = problem;
    snprintf(im->result.problem_detail, sizeof im->result.problem_detail, "%s", detail);
    log_line(LOG_INFO, "import refused", "import=%s problem=%s", im->id, problem);
    if (im->options.id == NULL && im->campaign.id == 0) {
        do_later(im, 0, finish);
        return;
    }
    struct err err;
    if (pg_tx_begin(im->options.store->writes, &im->tx, on_refusal_saved, im, &err) != 0) {
        end_with(im, &err);
        return;
    }
    struct instant now = im->options.world->now();
    if (im->campaign.id != 0)
        campaign_add_refused(&im->tx, im->campaign.id, problem, span_str(detail), now);
    if (im->options.id != NULL) {
        import_add_refuse(&im->tx, im->id, problem, span_str(detail), now);
        import_add_forget_parts(&im->tx, im->id);
    }
    pg_tx_commit(&im->tx);
}

static void on_claim_locked(void *owner, const PGresult *result, const struct err *err);
static void on_unfinished_found(void *owner, const PGresult *result, const struct err *err);
static void on_twins_found(void *owner, const PGresult *result, const struct err *err);
static void on_claimed(void *owner, const struct err *err);

static void claim(struct invoice_import *im)
{
    struct err err;
    im->found_bytes = -1;
    if (pg_tx_begin(im->options.store->writes, &im->tx, on_claimed, im, &err) != 0) {
        end_with(im, &err);
        return;
    }
    import_add_session(&im->tx);
    import_add_lock(&im->tx, im->file_key, on_claim_locked);
    if (im->options.id == NULL)
        import_add_unfinished(&im->tx, im->sha256, im->options.source->size_bytes, im->campaign.id,
                              on_unfinished_found);
    /* A file that names its invoices makes none anew. */
    if (im->campaign.id != 0 && im->shape.columns.at[CSV_NUMBER] < 0)
        campaign_add_twin(&im->tx, im->sha256, im->campaign.id, on_twins_found);
    pg_tx_commit(&im->tx);
}

/* True: it was refused. */
static bool refuse_text(struct invoice_import *im)
{
    struct buf why;
    buf_init(&why, sizeof im->result.problem_detail - 1);
    im->campaign.columns = (struct campaign_columns){.fields = im->shape.fields,
                                                     .count = (size_t)im->shape.header_count};
    if (im->text == NULL)
        buf_add_str(&why, "the campaign's text is none any more");
    bool is_good =
        im->text != NULL && campaign_text_fits(im->text, &im->campaign.columns, &why) == 0;
    if (!is_good)
        refuse(im, "campaign-text", buf_span(&why).base);
    buf_release(&why);
    return !is_good;
}

static void survey_end(struct invoice_import *im)
{
    struct err detail = {0};
    enum survey_refusal refusal = csv_survey_finish(im->survey, &im->shape, &detail);
    if (refusal != SURVEY_ACCEPTED) {
        refuse(im, survey_refusal_word(refusal), detail.text);
        return;
    }
    if (im->campaign.id != 0 && refuse_text(im))
        return;
    csv_survey_sha256(im->survey, im->sha256);
    memcpy(&im->file_key, im->sha256, sizeof im->file_key);
    im->seen = import_seen_new(im->survey, &im->shape, im->campaign.id != 0);
    im->progress.is_surveyed = true;
    im->progress.row_count = csv_survey_row_count(im->survey);
    im->progress.bytes_done = 0;
    im->is_held = hold_key(im->file_key);
    if (im->is_held)
        claim(im);
    else
        fail_with(im, ERR_BUSY, "the same file is being imported at this moment");
}

static void on_survey_bytes(void *owner, struct span bytes, const struct err *err)
{
    struct invoice_import *im = owner;
    if (err->code != 0) {
        end_with(im, err);
        return;
    }
    im->read_offset += (int64_t)bytes.len;
    im->progress.bytes_done = im->read_offset;
    tell_progress(im);
    bool goes_on = csv_survey_feed(im->survey, bytes);
    if (goes_on && bytes.len > 0 && im->read_offset < im->options.source->size_bytes) {
        survey_more(im);
        return;
    }
    if (goes_on && im->read_offset != im->options.source->size_bytes) {
        fail_with(im, ERR_INPUT, "the input ends before its length");
        return;
    }
    survey_end(im);
}

static void survey_more(struct invoice_import *im)
{
    struct err err;
    struct import_source *source = im->options.source;
    if (source->size_bytes > im->options.world->import_bytes_max) {
        refuse(im, "import-too-large", "the file is larger than the setting import.bytes_max");
        return;
    }
    if (source->methods->read(source, im->read_offset, on_survey_bytes, im, &err) != 0)
        end_with(im, &err);
}

/* ---- 2: the lock and the place ---- */

static void on_claim_locked(void *owner, const PGresult *result, const struct err *err)
{
    struct invoice_import *im = owner;
    if (err->code == 0)
        im->is_locked = pg_get_bool(result, 0, 0);
}

static void on_unfinished_found(void *owner, const PGresult *result, const struct err *err)
{
    struct invoice_import *im = owner;
    if (err->code != 0 || PQntuples(result) == 0)
        return;
    im->is_resumed = true;
    snprintf(im->id, sizeof im->id, "%.*s", SPAN_ARG(pg_get_text(result, 0, 0)));
}

static void on_twins_found(void *owner, const PGresult *result, const struct err *err)
{
    struct invoice_import *im = owner;
    for (int row = 0; err->code == 0 && row < PQntuples(result); ++row) {
        struct span name = pg_get_text(result, row, 0);
        enum campaign_state state = campaign_state_of(pg_get_text(result, row, 1));
        if (row == 0)
            snprintf(im->numbers_of, sizeof im->numbers_of, "%.*s", SPAN_ARG(name));
        if (state != CAMPAIGN_STOPPED && state != CAMPAIGN_DONE)
            snprintf(im->twin, sizeof im->twin, "%.*s", SPAN_ARG(name));
    }
}

static void on_started_row(void *owner, const PGresult *result, const struct err *err)
{
    struct invoice_import *im = owner;
    if (err->code != 0 || PQntuples(result) == 0)
        return;
    im->found_bytes = pg_get_int(result, 0, 0);
    im->found_line = pg_get_int(result, 0, 1);
}

static void begin_rows(struct invoice_import *);

static void on_started(void *owner, const struct err *err)
{
    struct invoice_import *im = owner;
    if (err->code != 0)
        end_with(im, err);
    else if (im->found_bytes < 0)
        fail_with(im, ERR_BUSY, "this import is not to be made any more");
    else
        begin_rows(im);
}

/* {"encoding":"UTF-8","delimiter":";","line_end":"\n","rows":500,"columns":{"name":2,…},
 *  "header":"…"}: what the list of bad rows needs, and people want to see. */
static void describe(struct invoice_import *im, struct buf *out)
{
    json_t *columns = json_object();
    for (int i = 0; i < CSV_COLUMN_COUNT; ++i)
        if (im->shape.columns.at[i] >= 0)
            json_object_set_new(columns, csv_column_name((enum csv_column)i),
                                json_integer(im->shape.columns.at[i] + 1));
    struct span header = csv_survey_header(im->survey);
    char delimiter[2] = {im->shape.delimiter, '\0'}, line_end[2] = {im->shape.line_end, '\0'};
    json_t *survey =
        json_pack("{s:s, s:s, s:s, s:I, s:o, s:s%}", "encoding",
                  csv_encoding_name(im->shape.encoding), "delimiter", delimiter, "line_end",
                  line_end, "rows", (json_int_t)csv_survey_row_count(im->survey), "columns",
                  columns, "header", header.base, header.len);
    char *text = survey == NULL ? NULL : json_dumps(survey, JSON_COMPACT);
    if (text == NULL)
        abort();
    buf_add_str(out, text);
    free(text);
    json_decref(survey);
}

static void start(struct invoice_import *im)
{
    struct err err;
    struct buf survey;
    struct instant now = im->options.world->now();
    if (pg_tx_begin(im->options.store->writes, &im->tx, on_started, im, &err) != 0) {
        end_with(im, &err);
        return;
    }
    if (im->options.id == NULL && !im->is_resumed) {
        import_id_make(im->id);
        import_add_create(&im->tx,
                          &(struct import_new){.id = im->id,
                                               .source = "file",
                                               .name = span_str(im->name),
                                               .size_bytes = im->options.source->size_bytes,
                                               .state = "waiting",
                                               .now = now},
                          NULL);
    }
    if (im->options.id == NULL && im->campaign.id != 0)
        campaign_add_attach(&im->tx, im->campaign.id, im->id);
    buf_init(&survey, 1024 * 1024);
    describe(im, &survey);
    import_add_start(&im->tx, im->id, im->sha256, buf_span(&survey), now, on_started_row);
    buf_release(&survey);
    pg_tx_commit(&im->tx);
}

static void on_claimed(void *owner, const struct err *err)
{
    struct invoice_import *im = owner;
    if (err->code != 0) {
        im->is_locked = false;
        end_with(im, err);
        return;
    }
    char detail[200];
    snprintf(detail, sizeof detail, "the same file is campaign %s, which is not over", im->twin);
    if (!im->is_locked)
        fail_with(im, ERR_BUSY, "the same file is being imported at this moment");
    else if (im->twin[0] != '\0')
        refuse(im, "campaign-file-used", detail);
    else
        start(im);
}

/* ---- 3: rows ---- */

static void on_rows_failed(void *owner, const struct err *err)
{
    end_with(owner, err);
}

static void on_batch(void *owner, struct import_batch *);
static void on_rows_over(void *owner);

static struct span numbers_of(const struct invoice_import *im)
{
    return im->campaign.id == 0 ? (struct span){NULL, 0} : span_str(im->numbers_of);
}

static void begin_rows(struct invoice_import *im)
{
    bool is_new = im->found_bytes <= im->shape.rows_byte;
    im->rows = import_rows_new(&(struct import_rows_options){.source = im->options.source,
                                                             .shape = &im->shape,
                                                             .seen = im->seen,
                                                             .campaign = numbers_of(im),
                                                             .part_rows = im->part_rows,
                                                             .on_batch = on_batch,
                                                             .on_end = on_rows_over,
                                                             .on_failed = on_rows_failed,
                                                             .owner = im});
    log_line(LOG_INFO, is_new ? "import started" : "import resumed",
             "import=%s rows=%lld at_byte=%lld", im->id, (long long)im->progress.row_count,
             (long long)im->found_bytes);
    import_rows_begin(im->rows, im->found_bytes, im->found_line);
}

/* ---- 4: a part ---- */

static void on_batch(void *owner, struct import_batch *batch)
{
    struct invoice_import *im = owner;
    struct err err;
    if (import_saver_begin(im->saver, batch, im->id, im->file_key, &err) != 0)
        end_with(im, &err);
}

static void on_part_saved(void *owner, const struct import_part *part, const struct err *err)
{
    struct invoice_import *im = owner;
    if (err->code != 0) {
        end_with(im, err);
        return;
    }
    im->progress.bytes_done = part->to_byte;
    im->progress.created_count += part->created_count;
    im->progress.changed_count += part->changed_count;
    im->progress.same_count += part->same_count;
    im->progress.bad_count += (int64_t)part->bad_rows.count;
    metrics_add(im->options.world->metrics, METRIC_import_rows,
                part->created_count + part->changed_count + part->same_count);
    crash_point("import_part_saved");
    tell_progress(im);
    import_rows_next(im->rows);
}

/* ---- 5: the end ---- */

static void on_ended(void *owner, const struct err *err)
{
    struct invoice_import *im = owner;
    if (err->code == 0) {
        im->is_locked = false;
        metrics_add(im->options.world->metrics, METRIC_imports_done, 1);
        log_line(LOG_INFO, "import done", "import=%s created=%lld changed=%lld same=%lld bad=%lld",
                 im->id, (long long)im->progress.created_count,
                 (long long)im->progress.changed_count, (long long)im->progress.same_count,
                 (long long)im->progress.bad_count);
    }
    end_with(im, err);
}

static void on_rows_over(void *owner)
{
    struct invoice_import *im = owner;
    struct err err;
    if (pg_tx_begin(im->options.store->writes, &im->tx, on_ended, im, &err) != 0) {
        end_with(im, &err);
        return;
    }
    struct instant now = im->options.world->now();
    import_add_finish(&im->tx, im->id, now);
    if (im->campaign.id != 0)
        campaign_add_checked(&im->tx, im->campaign.id,
                             im->options.world->campaigns.part_price_micro, now);
    if (im->options.id != NULL)
        import_add_forget_parts(&im->tx, im->id);
    import_add_unlock(&im->tx, im->file_key);
    pg_tx_commit(&im->tx);
}
