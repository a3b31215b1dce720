#include "store/scenario_store.h"

#include "sql.h"

#include <assert.h>
#include <stdlib.h>

/* Whoever plans is told that what is in force has changed. */
#define PLAN_WAKE "dunlin_plan"

/* Words of one field, in one text: no word holds a control character (domain/scenario_check.h). */
#define BETWEEN '\x1f'

void scenario_add_lock(struct pg_tx *tx)
{
    pg_tx_add(tx, SQL_SCENARIO_LOCK, NULL, NULL);
}

/* ---- Saving ---- */

static void add_words(struct buf *out, const struct scenario_words *words)
{
    for (size_t i = 0; i < words->count; ++i) {
        if (i > 0)
            buf_add_char(out, BETWEEN);
        buf_add(out, words->items[i]);
    }
}

typedef void (*print_field_fn)(struct buf *out, const struct scenario_step *);

static void print_segments(struct buf *out, const struct scenario_step *step)
{
    add_words(out, &step->segments);
}

static void print_products(struct buf *out, const struct scenario_step *step)
{
    add_words(out, &step->products);
}

static void print_kinds(struct buf *out, const struct scenario_step *step)
{
    add_words(out, &step->kinds);
}

static void print_currencies(struct buf *out, const struct scenario_step *step)
{
    add_words(out, &step->currencies);
}

static void print_channels(struct buf *out, const struct scenario_step *step)
{
    for (size_t i = 0; i < step->place_count; ++i) {
        if (i > 0)
            buf_add_char(out, BETWEEN);
        buf_add(out, step->places[i].channel);
    }
}

static void print_waits(struct buf *out, const struct scenario_step *step)
{
    for (size_t i = 0; i < step->place_count; ++i) {
        if (i > 0)
            buf_add_char(out, BETWEEN);
        buf_add_int(out, step->places[i].wait_seconds);
    }
}

static void print_unless(struct buf *out, const struct scenario_step *step)
{
    for (size_t i = 0; i < step->place_count; ++i) {
        if (i > 0)
            buf_add_char(out, BETWEEN);
        buf_add(out, step->places[i].unless);
    }
}

static void print_name(struct buf *out, const struct scenario_step *step)
{
    buf_add(out, step->name);
}

static void print_anchor(struct buf *out, const struct scenario_step *step)
{
    buf_add_str(out, scenario_anchor_name(step->anchor));
}

static void print_day_off(struct buf *out, const struct scenario_step *step)
{
    buf_add_str(out, scenario_day_off_name(step->on_day_off));
}

static void print_template(struct buf *out, const struct scenario_step *step)
{
    buf_add(out, step->template);
}

static void print_tone(struct buf *out, const struct scenario_step *step)
{
    buf_add(out, step->tone);
}

/* One text a step. */
static void arg_field(struct pg_args *args, const struct scenario *s, print_field_fn print)
{
    struct buf all;
    size_t ends[SCENARIO_STEPS_MAX];
    struct span texts[SCENARIO_STEPS_MAX];
    buf_init(&all, SCENARIO_STEPS_MAX * 4096);
    for (size_t i = 0; i < s->step_count; ++i) {
        print(&all, &s->steps[i]);
        ends[i] = buf_span(&all).len;
    }
    assert(!buf_is_overflowed(&all));
    for (size_t i = 0, from = 0; i < s->step_count; from = ends[i++])
        texts[i] = span_of(buf_span(&all).base + from, ends[i] - from);
    pg_arg_texts(args, texts, s->step_count);
    buf_release(&all);
}

typedef int64_t (*number_of_fn)(const struct scenario_step *);

static int64_t offset_of(const struct scenario_step *step)
{
    return step->offset_days;
}

static int64_t second_of(const struct scenario_step *step)
{
    return step->at_second;
}

static int64_t repeat_days_of(const struct scenario_step *step)
{
    return step->repeat_days;
}

static int64_t repeat_until_of(const struct scenario_step *step)
{
    return step->repeat_days == 0 ? 0 : step->repeat_until;
}

static int64_t amount_from_of(const struct scenario_step *step)
{
    return step->has_amount_from ? step->amount_from_minor : PG_NULL_INT;
}

static int64_t amount_to_of(const struct scenario_step *step)
{
    return step->has_amount_to ? step->amount_to_minor : PG_NULL_INT;
}

static void arg_numbers(struct pg_args *args, const struct scenario *s, number_of_fn number_of)
{
    int64_t numbers[SCENARIO_STEPS_MAX];
    for (size_t i = 0; i < s->step_count; ++i)
        numbers[i] = number_of(&s->steps[i]);
    pg_arg_ints(args, numbers, s->step_count);
}

static void arg_working_days(struct pg_args *args, const struct scenario *s)
{
    bool are_working[SCENARIO_STEPS_MAX];
    for (size_t i = 0; i < s->step_count; ++i)
        are_working[i] = s->steps[i].is_working_days;
    pg_arg_bools(args, are_working, s->step_count);
}

static void arg_steps(struct pg_args *args, const struct scenario *s)
{
    arg_field(args, s, print_name);
    arg_field(args, s, print_anchor);
    arg_numbers(args, s, offset_of);
    arg_working_days(args, s);
    arg_field(args, s, print_day_off);
    arg_numbers(args, s, second_of);
    arg_numbers(args, s, repeat_days_of);
    arg_numbers(args, s, repeat_until_of);
    arg_field(args, s, print_segments);
    arg_field(args, s, print_products);
    arg_field(args, s, print_kinds);
    arg_field(args, s, print_currencies);
    arg_numbers(args, s, amount_from_of);
    arg_numbers(args, s, amount_to_of);
    arg_field(args, s, print_channels);
    arg_field(args, s, print_waits);
    arg_field(args, s, print_unless);
    arg_field(args, s, print_template);
    arg_field(args, s, print_tone);
}

void scenario_add_save(struct pg_tx *tx, const struct scenario_saving *saving,
                       pg_result_cb on_saved)
{
    const struct scenario *s = saving->scenario;
    struct pg_args args;
    assert(s->step_count >= 1);
    pg_args_init(&args);
    pg_arg_text(&args, s->name);
    pg_arg_text(&args, saving->source);
    pg_arg_texts(&args, s->products.items, s->products.count);
    pg_arg_texts(&args, s->kinds.items, s->kinds.count);
    pg_arg_texts(&args, s->currencies.items, s->currencies.count);
    pg_arg_int(&args, s->catch_up_days);
    pg_arg_instant(&args, saving->now);
    pg_arg_text(&args, saving->by);
    pg_arg_bool(&args, saving->is_first);
    arg_steps(&args, s);
    pg_arg_text(&args, SPAN_LIT(PLAN_WAKE));
    pg_tx_add(tx, SQL_SCENARIO_SAVE, &args, on_saved);
    pg_args_release(&args);
}

struct scenario_saved scenario_read_saved(const PGresult *result)
{
    if (PQntuples(result) == 0)
        return (struct scenario_saved){.is_there = false};
    return (struct scenario_saved){.is_there = true,
                                   .version = (int32_t)pg_get_int(result, 0, 0),
                                   .is_new = pg_get_bool(result, 0, 1)};
}

/* ---- In force or not ---- */

static struct maybe_instant get_maybe(const PGresult *result, int row, int column)
{
    bool is_there = !pg_is_null(result, row, column);
    return (struct maybe_instant){.is_there = is_there,
                                  .at = is_there ? pg_get_instant(result, row, column)
                                                 : (struct instant){0}};
}

void scenario_add_activate(struct pg_tx *tx, const struct scenario_activating *activating,
                           pg_result_cb on_activated)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, activating->name);
    if (activating->version == 0)
        pg_arg_null(&args);
    else
        pg_arg_int(&args, activating->version);
    pg_arg_instant(&args, activating->from);
    pg_arg_instant(&args, activating->now);
    pg_arg_text(&args, SPAN_LIT(PLAN_WAKE));
    pg_tx_add(tx, SQL_SCENARIO_ACTIVATE, &args, on_activated);
    pg_args_release(&args);
}

struct scenario_activated scenario_read_activated(const PGresult *result)
{
    if (PQntuples(result) == 0)
        return (struct scenario_activated){.result = SCENARIO_UNKNOWN};
    struct span word = pg_get_text(result, 0, 0);
    return (struct scenario_activated){
        .result = span_is_str(word, "activated")      ? SCENARIO_ACTIVATED
                  : span_is_str(word, "was in force") ? SCENARIO_WAS_IN_FORCE
                                                      : SCENARIO_IN_THE_PAST,
        .version = (int32_t)pg_get_int(result, 0, 1),
        .from = get_maybe(result, 0, 2),
        .until = get_maybe(result, 0, 3),
    };
}

void scenario_add_off(struct pg_tx *tx, struct span name, struct instant now, pg_result_cb on_off)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, name);
    pg_arg_instant(&args, now);
    pg_arg_text(&args, SPAN_LIT(PLAN_WAKE));
    pg_tx_add(tx, SQL_SCENARIO_OFF, &args, on_off);
    pg_args_release(&args);
}

int64_t scenario_read_off(const PGresult *result)
{
    return pg_get_bool(result, 0, 0) ? pg_get_int(result, 0, 1) : -1;
}

void scenario_add_move(struct pg_tx *tx, struct span name, int64_t place, pg_result_cb on_moved)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, name);
    pg_arg_int(&args, place);
    pg_arg_text(&args, SPAN_LIT(PLAN_WAKE));
    pg_tx_add(tx, SQL_SCENARIO_MOVE, &args, on_moved);
    pg_args_release(&args);
}

bool scenario_read_moved(const PGresult *result)
{
    return pg_get_bool(result, 0, 0);
}

/* ---- Looking ---- */

int scenario_list(struct store *store, struct pg_query *query, struct instant now,
                  pg_result_cb on_listed, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    int code = pg_read(store->reads, query, SQL_SCENARIO_LIST, &args, on_listed, owner, err);
    pg_args_release(&args);
    return code;
}

void scenario_read_listed(const PGresult *result, int row, struct scenario_listed *listed)
{
    *listed = (struct scenario_listed){.name = pg_get_text(result, row, 0),
                                       .place = pg_get_int(result, row, 1),
                                       .created_at = pg_get_instant(result, row, 2),
                                       .newest_version = (int32_t)pg_get_int(result, row, 3),
                                       .version = (int32_t)pg_get_int(result, row, 4),
                                       .from = get_maybe(result, row, 5),
                                       .until = get_maybe(result, row, 6),
                                       .next_version = (int32_t)pg_get_int(result, row, 7),
                                       .next_from = get_maybe(result, row, 8)};
}

int scenario_versions(struct store *store, struct pg_query *query, struct span name,
                      pg_result_cb on_listed, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, name);
    int code = pg_read(store->reads, query, SQL_SCENARIO_VERSIONS, &args, on_listed, owner, err);
    pg_args_release(&args);
    return code;
}

void scenario_read_version(const PGresult *result, int row, struct scenario_version *version)
{
    *version = (struct scenario_version){.version = (int32_t)pg_get_int(result, row, 0),
                                         .created_at = pg_get_instant(result, row, 1),
                                         .created_by = pg_get_text(result, row, 2),
                                         .from = get_maybe(result, row, 3),
                                         .until = get_maybe(result, row, 4)};
}

int scenario_show(struct store *store, struct pg_query *query, struct span name, int32_t version,
                  struct instant now, pg_result_cb on_shown, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, name);
    if (version == 0)
        pg_arg_null(&args);
    else
        pg_arg_int(&args, version);
    pg_arg_instant(&args, now);
    int code = pg_read(store->reads, query, SQL_SCENARIO_SHOW, &args, on_shown, owner, err);
    pg_args_release(&args);
    return code;
}

bool scenario_read_shown(const PGresult *result, struct scenario_version *version)
{
    if (PQntuples(result) == 0)
        return false;
    *version = (struct scenario_version){.version = (int32_t)pg_get_int(result, 0, 0),
                                         .source = pg_get_text(result, 0, 1),
                                         .created_at = pg_get_instant(result, 0, 2),
                                         .created_by = pg_get_text(result, 0, 3),
                                         .from = get_maybe(result, 0, 4),
                                         .until = get_maybe(result, 0, 5)};
    return true;
}

int scenario_templates(struct store *store, struct pg_query *query, pg_result_cb on_listed,
                       void *owner, struct err *err)
{
    return pg_read(store->reads, query, SQL_SCENARIO_TEMPLATES, NULL, on_listed, owner, err);
}

void scenario_read_template(const PGresult *result, int row, struct span *name, struct span *tone)
{
    *name = pg_get_text(result, row, 0);
    *tone = pg_get_text(result, row, 1);
}

/* ---- For planning ---- */

int scenario_load(struct pg *pg, struct pg_query *query, struct instant from, struct instant before,
                  pg_result_cb on_loaded, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, from);
    pg_arg_instant(&args, before);
    int code = pg_read(pg, query, SQL_SCENARIO_LOAD, &args, on_loaded, owner, err);
    pg_args_release(&args);
    return code;
}

/* Cuts the next word off. */
static struct span take_word(struct span *rest)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->base, BETWEEN, rest->len);
    struct span word = span_of(rest->base, end == NULL ? rest->len : (size_t)(end - rest->base));
    *rest = end == NULL ? (struct span){"", 0} : span_from(*rest, word.len + 1);
    return word;
}

static void read_words(const PGresult *result, int row, int column, struct scenario_words *words)
{
    struct span rest = pg_get_text(result, row, column);
    for (words->count = 0; rest.len != 0 && words->count < SCENARIO_WORDS_MAX;)
        words->items[words->count++] = take_word(&rest);
}

static int32_t int_of_word(struct span word)
{
    int32_t value = 0;
    for (size_t i = 0; i < word.len; ++i)
        value = 10 * value + (word.base[i] - '0');
    return value;
}

static void read_places(const PGresult *result, int row, int column, struct scenario_step *step)
{
    struct span channels = pg_get_text(result, row, column);
    struct span waits = pg_get_text(result, row, column + 1);
    struct span unless = pg_get_text(result, row, column + 2);
    while (channels.len != 0 && step->place_count < SCENARIO_CHANNELS_MAX)
        step->places[step->place_count++] = (struct scenario_place){
            .channel = take_word(&channels),
            .wait_seconds = int_of_word(take_word(&waits)),
            .unless = take_word(&unless),
        };
}

static enum scenario_anchor anchor_of(struct span word)
{
    for (int i = 0; i < SCENARIO_ANCHOR_COUNT; ++i)
        if (span_is_str(word, scenario_anchor_name((enum scenario_anchor)i)))
            return (enum scenario_anchor)i;
    return SCENARIO_FROM_DUE; /* the table knows no others */
}

static enum scenario_day_off day_off_of(struct span word)
{
    for (int i = SCENARIO_BEFORE; i < SCENARIO_SAME; ++i)
        if (span_is_str(word, scenario_day_off_name((enum scenario_day_off)i)))
            return (enum scenario_day_off)i;
    return SCENARIO_SAME;
}

static void read_step(const PGresult *result, int row, struct scenario_step *step)
{
    *step = (struct scenario_step){
        .name = pg_get_text(result, row, 10),
        .anchor = anchor_of(pg_get_text(result, row, 11)),
        .offset_days = (int32_t)pg_get_int(result, row, 12),
        .is_working_days = pg_get_bool(result, row, 13),
        .on_day_off = day_off_of(pg_get_text(result, row, 14)),
        .at_second = (int32_t)pg_get_int(result, row, 15),
        .repeat_days = (int32_t)pg_get_int(result, row, 16),
        .repeat_until = (int32_t)pg_get_int(result, row, 17),
        .has_amount_from = !pg_is_null(result, row, 22),
        .has_amount_to = !pg_is_null(result, row, 23),
        .amount_from_minor = pg_get_int(result, row, 22),
        .amount_to_minor = pg_get_int(result, row, 23),
        .template = pg_get_text(result, row, 27),
        .tone = pg_get_text(result, row, 28),
    };
    read_words(result, row, 18, &step->segments);
    read_words(result, row, 19, &step->products);
    read_words(result, row, 20, &step->kinds);
    read_words(result, row, 21, &step->currencies);
    read_places(result, row, 24, step);
}

static void read_whole(const PGresult *result, int row, struct scenario *s)
{
    *s = (struct scenario){.name = pg_get_text(result, row, 3),
                           .catch_up_days = (int32_t)pg_get_int(result, row, 9)};
    read_words(result, row, 6, &s->products);
    read_words(result, row, 7, &s->kinds);
    read_words(result, row, 8, &s->currencies);
}

static bool is_same_version(const PGresult *result, int row, int other)
{
    return pg_get_int(result, row, 0) == pg_get_int(result, other, 0) &&
           pg_get_int(result, row, 1) == pg_get_int(result, other, 1);
}

void scenario_read_loaded(const PGresult *result, struct scenario_loaded *loaded)
{
    int count = PQntuples(result);
    struct scenario *s = malloc(sizeof(*s));
    *loaded = (struct scenario_loaded){.items = calloc((size_t)count + 1, sizeof(*loaded->items))};
    if (s == NULL || loaded->items == NULL)
        abort();
    for (int row = 0; row < count;) {
        int first = row;
        read_whole(result, row, s);
        for (; row < count && is_same_version(result, row, first); ++row)
            if (s->step_count < SCENARIO_STEPS_MAX)
                read_step(result, row, &s->steps[s->step_count++]);
        loaded->items[loaded->count++] =
            (struct scenario_in_force){.scenario_id = pg_get_int(result, first, 0),
                                       .version = (int32_t)pg_get_int(result, first, 1),
                                       .place = pg_get_int(result, first, 2),
                                       .from = pg_get_instant(result, first, 4),
                                       .until = get_maybe(result, first, 5),
                                       .scenario = scenario_new_copy(s)};
    }
    free(s);
}

void scenario_loaded_release(struct scenario_loaded *loaded)
{
    for (size_t i = 0; i < loaded->count; ++i)
        free(loaded->items[i].scenario);
    free(loaded->items);
    *loaded = (struct scenario_loaded){.items = NULL};
}
