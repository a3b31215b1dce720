#include "domain/scenario.h"

#include "domain/working_calendar.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

const char *scenario_anchor_name(enum scenario_anchor anchor)
{
    static const char *const names[SCENARIO_ANCHOR_COUNT] = {"issue", "due", "paid", "promise",
                                                             "instalment"};
    return names[anchor];
}

const char *scenario_day_off_name(enum scenario_day_off day_off)
{
    static const char *const names[] = {"before", "after", "same"};
    return names[day_off];
}

enum scenario_day_off scenario_day_off_of(enum scenario_anchor anchor, int32_t offset_days)
{
    bool leads_up = anchor == SCENARIO_FROM_DUE || anchor == SCENARIO_FROM_PROMISE ||
                    anchor == SCENARIO_FROM_INSTALMENT;
    return leads_up && offset_days <= 0 ? SCENARIO_BEFORE : SCENARIO_AFTER;
}

/* Copies. */

typedef void (*each_span_fn)(void *owner, struct span *text);

static void each_word(struct scenario_words *words, each_span_fn each, void *owner)
{
    for (size_t i = 0; i < words->count; ++i)
        each(owner, &words->items[i]);
}

static void each_span_of_step(struct scenario_step *step, each_span_fn each, void *owner)
{
    each(owner, &step->name);
    each(owner, &step->template);
    each(owner, &step->tone);
    each_word(&step->segments, each, owner);
    each_word(&step->products, each, owner);
    each_word(&step->kinds, each, owner);
    each_word(&step->currencies, each, owner);
    for (size_t i = 0; i < step->place_count; ++i) {
        each(owner, &step->places[i].channel);
        each(owner, &step->places[i].unless);
    }
}

static void each_span(struct scenario *s, each_span_fn each, void *owner)
{
    each(owner, &s->name);
    each(owner, &s->title);
    each_word(&s->products, each, owner);
    each_word(&s->kinds, each, owner);
    each_word(&s->currencies, each, owner);
    for (size_t i = 0; i < s->step_count; ++i)
        each_span_of_step(&s->steps[i], each, owner);
}

static void add_len(void *owner, struct span *text)
{
    *(size_t *)owner += text->len;
}

static void move_text(void *owner, struct span *text)
{
    char **end = owner;
    if (text->len != 0)
        memcpy(*end, text->base, text->len);
    text->base = *end;
    *end += text->len;
}

struct scenario *scenario_new_copy(const struct scenario *s)
{
    struct scenario *copy;
    size_t texts_len = 0;
    assert(s->step_count <= SCENARIO_STEPS_MAX);
    each_span((struct scenario *)(uintptr_t)s, add_len, &texts_len); /* which changes nothing */
    copy = malloc(sizeof(*copy) + texts_len + 1);
    if (copy == NULL)
        abort();
    *copy = *s;
    char *end = (char *)(copy + 1);
    each_span(copy, move_text, &end);
    return copy;
}

/* Days. A step's offset leads from its anchor to its nominal day; what becomes of that on a day off
 * gives its real one. */

int32_t scenario_occurrences(const struct scenario_step *step)
{
    if (step->repeat_days <= 0 || step->repeat_until < step->offset_days)
        return 1;
    return (step->repeat_until - step->offset_days) / step->repeat_days + 1;
}

static int32_t offset_of(const struct scenario_step *step, int32_t occurrence)
{
    return step->offset_days + occurrence * step->repeat_days;
}

static struct date nominal_day(const struct scenario_step *step, struct date anchor, int32_t offset)
{
    return step->is_working_days ? working_days_add(anchor, offset) : date_add_days(anchor, offset);
}

static struct date real_day(enum scenario_day_off day_off, struct date nominal)
{
    switch (day_off) {
    case SCENARIO_BEFORE:
        return working_day_at_or_before(nominal);
    case SCENARIO_AFTER:
        return working_day_at_or_after(nominal);
    case SCENARIO_SAME:
        break;
    }
    return nominal;
}

struct date scenario_step_date(const struct scenario_step *step, struct date anchor,
                               int32_t occurrence)
{
    assert(occurrence >= 0 && occurrence < scenario_occurrences(step));
    return real_day(step->on_day_off, nominal_day(step, anchor, offset_of(step, occurrence)));
}

/* The way back: from the real day to all nominal ones, from each to all anchors. */

struct hitting {
    const struct scenario_step *step;
    struct scenario_hit hit;
    scenario_hit_cb cb;
    void *owner;
};

static void hit(struct hitting *h, struct date anchor)
{
    h->hit.anchor = anchor;
    h->cb(h->owner, &h->hit);
}

/* `from` and the days off beside it, in the direction of `step`. */
static void hit_with_days_off(struct hitting *h, struct date from, int32_t step)
{
    hit(h, from);
    for (struct date d = date_add_days(from, step); !is_working_day(d); d = date_add_days(d, step))
        hit(h, d);
}

/* Working days counted from a day off begin at the next one, as those from the working day on the
 * other side of it do. */
static void hit_from_nominal(struct hitting *h, struct date nominal)
{
    int32_t offset = offset_of(h->step, h->hit.occurrence);
    if (!h->step->is_working_days || offset == 0)
        hit(h, date_add_days(nominal, -offset));
    else if (is_working_day(nominal))
        hit_with_days_off(h, working_days_add(nominal, -offset), offset > 0 ? 1 : -1);
}

static void hit_from_day(struct hitting *h, struct date day)
{
    enum scenario_day_off day_off = h->step->on_day_off;
    if (day_off != SCENARIO_SAME && !is_working_day(day))
        return;
    hit_from_nominal(h, day);
    if (day_off == SCENARIO_SAME)
        return;
    int32_t step = day_off == SCENARIO_BEFORE ? 1 : -1;
    for (struct date d = date_add_days(day, step); !is_working_day(d); d = date_add_days(d, step))
        hit_from_nominal(h, d);
}

void scenario_hits(const struct scenario *s, struct date day, scenario_hit_cb cb, void *owner)
{
    for (size_t i = 0; i < s->step_count; ++i) {
        struct hitting h = {.step = &s->steps[i],
                            .hit = {.step_no = (int32_t)i, .day = day},
                            .cb = cb,
                            .owner = owner};
        int32_t count = scenario_occurrences(h.step);
        for (h.hit.occurrence = 0; h.hit.occurrence < count; ++h.hit.occurrence)
            hit_from_day(&h, day);
    }
}

void scenario_print_key(const struct scenario_step *step, struct scenario_turn turn,
                        char out[SCENARIO_KEY_MAX + 1])
{
    bool has_many =
        step->anchor == SCENARIO_FROM_PROMISE || step->anchor == SCENARIO_FROM_INSTALMENT;
    size_t room = SCENARIO_KEY_MAX + 1;
    int len = snprintf(out, room, "%s%.*s", step->anchor == SCENARIO_FROM_PAID ? "paid_" : "",
                       SPAN_ARG(step->name));
    assert(step->name.len <= SCENARIO_NAME_MAX);
    if (has_many)
        len += snprintf(out + len, room - (size_t)len, ".%d", (int)turn.anchor_no);
    if (turn.occurrence > 0)
        len += snprintf(out + len, room - (size_t)len, "_%d", (int)turn.occurrence);
    if (turn.place > 0)
        snprintf(out + len, room - (size_t)len, "+%d", (int)turn.place);
}
