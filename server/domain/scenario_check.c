/* Three rounds: what stands alone, step by step; names, as each reminder is known by its own; and
 * steps beside each other: one that never goes because another always takes its day, or because the
 * case has been handed over by then.
 *
 * "Never" is judged for every kind of debtor the conditions can tell apart by segment and kind, of
 * which there are few; products, currencies and amounts count as covered only when one step covers
 * them whole. So a step that is really out of reach may pass when several others cover its products
 * between them, and none is refused that could go. */
#include "domain/scenario_check.h"

#include "domain/money.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const segments[] = {"on_time", "sometimes_late", "chronically_late"};
static const char *const kinds[] = {"invoice", "instalment", "premium", "other"};
static const char *const tones[] = {"neutral", "friendly", "firm", "final"};
static const char *const ways[] = {"push", "sms",      "email",    "voice",
                                   "call", "handover", "preferred"};
static const char *const news[] = {"delivered", "opened"};

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))
enum { SEGMENT_COUNT = COUNT_OF(segments), KIND_COUNT = COUNT_OF(kinds) };

struct check {
    const struct scenario *scenario;
    const struct scenario_checking *options;
    size_t count; /* of mistakes */
    bool has_mistake[SCENARIO_STEPS_MAX];
};

__attribute__((format(printf, 3, 4))) static void add_mistake(struct check *c, const char *path,
                                                              const char *format, ...)
{
    char text[SCENARIO_TEXT_MAX + 1];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    ++c->count;
    c->options->on_mistake(c->options->owner, path, text);
}

__attribute__((format(printf, 4, 5))) static void
add_step_mistake(struct check *c, size_t step_no, const char *field, const char *format, ...)
{
    char text[SCENARIO_TEXT_MAX + 1], path[SCENARIO_PATH_MAX + 1];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    snprintf(path, sizeof(path), "steps[%zu]%s%s", step_no, field[0] == '\0' ? "" : ".", field);
    c->has_mistake[step_no] = true;
    add_mistake(c, path, "%s", text);
}

static bool is_one_of(struct span word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (span_is_str(word, list[i]))
            return true;
    return false;
}

static bool has_word(const struct scenario_words *words, struct span word)
{
    for (size_t i = 0; i < words->count; ++i)
        if (span_is(words->items[i], word))
            return true;
    return false;
}

static bool is_name(struct span name, size_t len_max)
{
    if (name.len == 0 || name.len > len_max || !islower((unsigned char)name.base[0]))
        return false;
    for (size_t i = 0; i < name.len; ++i) {
        unsigned char c = (unsigned char)name.base[i];
        if (!islower(c) && !isdigit(c) && c != '_')
            return false;
    }
    return true;
}

static bool has_control(struct span text)
{
    for (size_t i = 0; i < text.len; ++i)
        if ((unsigned char)text.base[i] < ' ' || text.base[i] == 0x7f)
            return true;
    return false;
}

/* ---- Lists of words ---- */

struct word_list {
    const char *field;
    const char *const *known; /* null: any text */
    size_t known_count;
    const char *what; /* "is no segment: …" */
};

static const struct word_list list_of_segments = {
    "segments", segments, SEGMENT_COUNT,
    "is no segment: on_time, sometimes_late or chronically_late"};
static const struct word_list list_of_kinds = {
    "kinds", kinds, KIND_COUNT, "is no kind of debt: invoice, instalment, premium or other"};
static const struct word_list list_of_products = {"products", NULL, 0, ""};
static const struct word_list list_of_currencies = {"currencies", NULL, 0, ""};

/* What is wrong with one word, or null. */
static const char *fault_of_word(const struct word_list *list, struct span word)
{
    if (word.len == 0)
        return "is empty";
    if (word.len > SCENARIO_WORD_MAX)
        return "is longer than 80 bytes";
    if (has_control(word))
        return "holds a control character";
    if (list->known != NULL)
        return is_one_of(word, list->known, list->known_count) ? NULL : list->what;
    if (list == &list_of_currencies)
        return currency_exponent(word) < 0 ? "is no currency: PLN, for instance" : NULL;
    const char *star = memchr(word.base, '*', word.len);
    return star != NULL && star != word.base + word.len - 1 ? "has a * that is not at its end"
                                                            : NULL;
}

/* `step_no` below zero: those of the whole scenario. */
static void check_words(struct check *c, const struct word_list *list,
                        const struct scenario_words *words, int step_no)
{
    for (size_t i = 0; i < words->count; ++i) {
        struct scenario_words before = *words;
        before.count = i;
        const char *fault = fault_of_word(list, words->items[i]);
        if (fault == NULL && has_word(&before, words->items[i]))
            fault = "stands there twice";
        if (fault == NULL)
            continue;
        char path[SCENARIO_PATH_MAX + 1];
        snprintf(path, sizeof(path), "%s%s[%zu]", step_no < 0 ? "for." : "", list->field, i);
        if (step_no < 0)
            add_mistake(c, path, "%s", fault);
        else
            add_step_mistake(c, (size_t)step_no, path, "%s", fault);
    }
}

/* ---- What conditions let through ---- */

/* Whether all that fits product `narrow` fits `wide`. */
static bool product_is_within(struct span narrow, struct span wide)
{
    bool has_star = wide.len > 0 && wide.base[wide.len - 1] == '*';
    if (!has_star)
        return span_is(narrow, wide);
    --wide.len;
    if (narrow.len > 0 && narrow.base[narrow.len - 1] == '*')
        --narrow.len;
    return span_starts(narrow, wide);
}

static bool products_are_within(const struct scenario_words *narrow,
                                const struct scenario_words *wide)
{
    if (wide->count == 0)
        return true;
    for (size_t i = 0; i < narrow->count; ++i) {
        bool is_found = false;
        for (size_t j = 0; j < wide->count && !is_found; ++j)
            is_found = product_is_within(narrow->items[i], wide->items[j]);
        if (!is_found)
            return false;
    }
    return narrow->count != 0 || has_word(wide, SPAN_LIT("*"));
}

static bool words_are_within(const struct scenario_words *narrow, const struct scenario_words *wide)
{
    for (size_t i = 0; i < narrow->count && wide->count != 0; ++i)
        if (!has_word(wide, narrow->items[i]))
            return false;
    return wide->count == 0 || narrow->count != 0;
}

static bool products_meet(const struct scenario_words *a, const struct scenario_words *b)
{
    for (size_t i = 0; i < a->count; ++i)
        for (size_t j = 0; j < b->count; ++j)
            if (product_is_within(a->items[i], b->items[j]) ||
                product_is_within(b->items[j], a->items[i]))
                return true;
    return a->count == 0 || b->count == 0;
}

static bool words_meet(const struct scenario_words *a, const struct scenario_words *b)
{
    for (size_t i = 0; i < a->count; ++i)
        if (has_word(b, a->items[i]))
            return true;
    return a->count == 0 || b->count == 0;
}

/* A step's own condition, or the scenario's where it has none. */
static const struct scenario_words *effective(const struct scenario_words *of_step,
                                              const struct scenario_words *of_scenario)
{
    return of_step->count != 0 ? of_step : of_scenario;
}

struct span scenario_step_currency(const struct scenario *s, const struct scenario_step *step)
{
    const struct scenario_words *words = effective(&step->currencies, &s->currencies);
    return words->count == 1 ? words->items[0] : (struct span){NULL, 0};
}

static bool amounts_are_within(const struct scenario_step *narrow, const struct scenario_step *wide)
{
    /* Nothing that is owed is below one. */
    if (wide->has_amount_from && wide->amount_from_minor > 1 &&
        (!narrow->has_amount_from || narrow->amount_from_minor < wide->amount_from_minor))
        return false;
    return !wide->has_amount_to ||
           (narrow->has_amount_to && narrow->amount_to_minor <= wide->amount_to_minor);
}

/* One bit a segment and kind: those whose debts all meet the conditions of `wide` when they meet
 * those of `narrow`. With `narrow` itself: those it is for. */
static unsigned debtors_taken(const struct scenario *s, const struct scenario_step *narrow,
                              const struct scenario_step *wide)
{
    const struct scenario_words *kinds_of = effective(&wide->kinds, &s->kinds);
    unsigned mask = 0;
    if (!products_are_within(effective(&narrow->products, &s->products), &wide->products) ||
        !words_are_within(effective(&narrow->currencies, &s->currencies), &wide->currencies) ||
        !amounts_are_within(narrow, wide))
        return 0;
    for (unsigned segment = 0; segment < SEGMENT_COUNT; ++segment)
        for (unsigned kind = 0; kind < KIND_COUNT; ++kind)
            if ((wide->segments.count == 0 ||
                 has_word(&wide->segments, span_str(segments[segment]))) &&
                (kinds_of->count == 0 || has_word(kinds_of, span_str(kinds[kind]))))
                mask |= 1U << (segment * KIND_COUNT + kind);
    return mask;
}

/* ---- One step ---- */

static void check_step_name(struct check *c, size_t no)
{
    struct span name = c->scenario->steps[no].name;
    if (!is_name(name, SCENARIO_NAME_MAX))
        add_step_mistake(c, no, "name",
                         "is not 1 to 16 small letters, digits and _, a letter first");
    else if (span_starts(name, SPAN_LIT("thanks")) || span_starts(name, SPAN_LIT("paid_")))
        add_step_mistake(c, no, "name",
                         "begins as the names of messages to those who have paid do");
}

static void check_step_time(struct check *c, size_t no)
{
    const struct scenario_step *step = &c->scenario->steps[no];
    const char *unit = step->is_working_days ? "working_days" : "days";
    if (step->anchor < 0 || step->anchor >= SCENARIO_ANCHOR_COUNT)
        add_step_mistake(c, no, "anchor", "is none of issue, due, paid, promise and instalment");
    if (step->offset_days < -SCENARIO_OFFSET_MAX || step->offset_days > SCENARIO_OFFSET_MAX)
        add_step_mistake(c, no, unit, "is not between -%d and %d", SCENARIO_OFFSET_MAX,
                         SCENARIO_OFFSET_MAX);
    else if (step->anchor == SCENARIO_FROM_PAID && step->offset_days < 0)
        add_step_mistake(c, no, unit, "is before a payment, which nobody knows of then");
    if (step->at_second < 0 || step->at_second >= 86400)
        add_step_mistake(c, no, "at", "is no time of a day");
    if (step->on_day_off < SCENARIO_BEFORE || step->on_day_off > SCENARIO_SAME)
        add_step_mistake(c, no, "on_day_off", "is none of before, after and same");
}

static void check_repeat(struct check *c, size_t no)
{
    const struct scenario_step *step = &c->scenario->steps[no];
    int32_t every = step->repeat_days, until = step->repeat_until;
    if (every == 0 && until == 0)
        return;
    if (every < 1 || every > SCENARIO_OFFSET_MAX)
        add_step_mistake(c, no, "repeat.every", "is not between 1 and %d: %s", SCENARIO_OFFSET_MAX,
                         every < 1 ? "it would come for ever on one day" : "it would never come");
    else if (until > SCENARIO_OFFSET_MAX)
        add_step_mistake(c, no, "repeat.until", "is beyond %d", SCENARIO_OFFSET_MAX);
    else if (until < step->offset_days)
        add_step_mistake(c, no, "repeat.until", "is %d, but the step begins on %d", (int)until,
                         (int)step->offset_days);
    else if (until - step->offset_days < every)
        add_step_mistake(c, no, "repeat.until",
                         "is %d, so the step never comes again: the next time would be on %d",
                         (int)until, (int)(step->offset_days + every));
    else if (step->anchor == SCENARIO_FROM_PAID)
        add_step_mistake(c, no, "repeat", "thanks for one payment again and again");
}

/* Conditions that the scenario's own leave nobody for. */
static void check_meeting(struct check *c, size_t no)
{
    const struct scenario *s = c->scenario;
    const struct scenario_step *step = &s->steps[no];
    static const char text[] = "leaves nobody: the scenario is for others";
    if (!products_meet(&step->products, &s->products))
        add_step_mistake(c, no, "products", text);
    if (!words_meet(&step->kinds, &s->kinds))
        add_step_mistake(c, no, "kinds", text);
    if (!words_meet(&step->currencies, &s->currencies))
        add_step_mistake(c, no, "currencies", text);
}

static void check_amount(struct check *c, size_t no)
{
    const struct scenario_step *step = &c->scenario->steps[no];
    if (!step->has_amount_from && !step->has_amount_to)
        return;
    if (scenario_step_currency(c->scenario, step).len == 0)
        add_step_mistake(c, no, "amount",
                         "is of no currency: add currencies: [PLN] to the step, or to for");
    if (step->has_amount_from &&
        (step->amount_from_minor < 0 || step->amount_from_minor > MONEY_MINOR_MAX))
        add_step_mistake(c, no, "amount.from", "is below zero or larger than we count");
    if (step->has_amount_to &&
        (step->amount_to_minor < 1 || step->amount_to_minor > MONEY_MINOR_MAX))
        add_step_mistake(c, no, "amount.to", "is not above zero, or larger than we count");
    else if (step->has_amount_from && step->has_amount_to &&
             step->amount_from_minor > step->amount_to_minor)
        add_step_mistake(c, no, "amount", "has a from that is larger than its to: nobody is left");
}

static bool comes_twice(const struct scenario_step *step, size_t place)
{
    for (size_t i = 0; i < place; ++i)
        if (span_is(step->places[i].channel, step->places[place].channel))
            return true;
    return false;
}

/* The condition to come to this place stands at the one before it. */
static const char *fault_of_turn(const struct scenario_place *before)
{
    if (span_is_str(before->channel, "handover"))
        return "never has its turn: the place before it hands the case over";
    if (before->wait_seconds == 0 && before->unless.len == 0)
        return NULL;
    if (before->wait_seconds == 0)
        return "has unless without after: 4h, for instance";
    if (before->unless.len == 0)
        return "has after without unless: delivered or opened";
    if (before->wait_seconds < 60 || before->wait_seconds > SCENARIO_WAIT_MAX)
        return "has an after that is not between a minute and 30 days";
    return is_one_of(before->unless, news, COUNT_OF(news)) ? NULL
                                                           : "has an unless that is neither "
                                                             "delivered nor opened";
}

static void check_places(struct check *c, size_t no)
{
    const struct scenario_step *step = &c->scenario->steps[no];
    if (step->place_count == 0)
        add_step_mistake(c, no, "channels", "is empty: email, for instance");
    for (size_t i = 0; i < step->place_count; ++i) {
        const struct scenario_place *place = &step->places[i];
        const char *fault = i == 0 ? NULL : fault_of_turn(&step->places[i - 1]);
        char field[32];
        if (!is_one_of(place->channel, ways, COUNT_OF(ways)))
            fault = "is no channel: push, sms, email, voice, call, handover or preferred";
        else if (comes_twice(step, i))
            fault = "stands there twice: who could not be reached so would be tried in a circle";
        else if (i + 1 == step->place_count && (place->wait_seconds != 0 || place->unless.len != 0))
            fault = "has a wait behind it, and nothing to come then";
        snprintf(field, sizeof(field), "channels[%zu]", i);
        if (fault != NULL)
            add_step_mistake(c, no, field, "%s", fault);
    }
}

static void check_template(struct check *c, size_t no)
{
    const struct scenario_step *step = &c->scenario->steps[no];
    const struct scenario_checking *o = c->options;
    bool has_tone = is_one_of(step->tone, tones, COUNT_OF(tones));
    if (!is_name(step->template, 40))
        add_step_mistake(c, no, "template", "is not 1 to 40 small letters, digits and _");
    else if (has_tone && o->has_template != NULL &&
             !o->has_template(o->templates, step->template, step->tone))
        add_step_mistake(c, no, "template", "is no template that exists: %.*s, %.*s",
                         SPAN_ARG(step->template), SPAN_ARG(step->tone));
    if (!has_tone)
        add_step_mistake(c, no, "tone", "is none of neutral, friendly, firm and final");
}

static bool is_unread(const struct check *c, size_t no)
{
    return c->options->is_unread != NULL && c->options->is_unread[no];
}

static void check_step(struct check *c, size_t no)
{
    const struct scenario_step *step = &c->scenario->steps[no];
    check_step_name(c, no);
    check_step_time(c, no);
    if (!is_unread(c, no)) /* its offset may be what could not be read */
        check_repeat(c, no);
    check_words(c, &list_of_segments, &step->segments, (int)no);
    check_words(c, &list_of_products, &step->products, (int)no);
    check_words(c, &list_of_kinds, &step->kinds, (int)no);
    check_words(c, &list_of_currencies, &step->currencies, (int)no);
    check_meeting(c, no);
    check_amount(c, no);
    check_places(c, no);
    check_template(c, no);
}

/* ---- Names beside each other ---- */

/* "weekly_2" is also what the third coming of "weekly" is called. */
static bool is_name_of_repetition(struct span name, const struct scenario_step *repeated)
{
    char key[SCENARIO_KEY_MAX + 1];
    if (!span_starts(name, repeated->name) || repeated->repeat_days <= 0)
        return false;
    for (int32_t i = 1; i < scenario_occurrences(repeated) && i <= 2 * SCENARIO_OFFSET_MAX; ++i) {
        snprintf(key, sizeof(key), "%.*s_%d", SPAN_ARG(repeated->name), (int)i);
        if (span_is_str(name, key))
            return true;
    }
    return false;
}

static void check_names(struct check *c, size_t no)
{
    const struct scenario_step *steps = c->scenario->steps;
    if (steps[no].name.len == 0)
        return;
    for (size_t i = 0; i < c->scenario->step_count; ++i) {
        if (i < no && span_is(steps[i].name, steps[no].name))
            add_step_mistake(c, no, "name", "is that of steps[%zu] too", i);
        else if (i != no && steps[i].name.len <= SCENARIO_NAME_MAX && steps[i].name.len != 0 &&
                 is_name_of_repetition(steps[no].name, &steps[i]))
            add_step_mistake(c, no, "name", "is what a repetition of steps[%zu] is called", i);
        else
            continue;
        return;
    }
}

/* ---- Steps beside each other ---- */

static bool is_comparable(const struct check *c, size_t no)
{
    return !c->has_mistake[no] && !is_unread(c, no);
}

/* The occurrence of `other` that is on the same day as the one `offset` behind the anchor of
 * `step`, whatever the anchor's date; -1: there is none. */
static int32_t same_day(const struct scenario_step *step, int32_t offset,
                        const struct scenario_step *other)
{
    bool is_moved = offset == 0 || !step->is_working_days; /* when it is a day off */
    if (step->anchor != other->anchor || (is_moved && step->on_day_off != other->on_day_off) ||
        (offset != 0 && step->is_working_days != other->is_working_days))
        return -1;
    int32_t behind = offset - other->offset_days;
    if (behind == 0)
        return 0;
    if (other->repeat_days <= 0 || behind < 0 || behind % other->repeat_days != 0 ||
        behind / other->repeat_days >= scenario_occurrences(other))
        return -1;
    return behind / other->repeat_days;
}

struct rival {
    unsigned taken[SCENARIO_STEPS_MAX]; /* by each later step */
    unsigned all; /* whom the step is for; nobody when the scenario's own conditions are wrong */
};

/* Whether the steps behind it leave nobody to this occurrence. `*by`: one of them. */
static bool is_taken(const struct check *c, const struct rival *rival, size_t no, int32_t offset,
                     size_t *by)
{
    const struct scenario *s = c->scenario;
    unsigned left = rival->all;
    for (size_t j = no + 1; j < s->step_count && left != 0; ++j) {
        if ((rival->taken[j] & left) == 0 || same_day(&s->steps[no], offset, &s->steps[j]) < 0)
            continue;
        left &= ~rival->taken[j];
        *by = j;
    }
    return left == 0 && rival->all != 0;
}

static void check_rivals(struct check *c, size_t no)
{
    const struct scenario *s = c->scenario;
    const struct scenario_step *step = &s->steps[no];
    struct rival rival = {.all = debtors_taken(s, step, step)};
    for (size_t j = no + 1; j < s->step_count; ++j)
        rival.taken[j] = is_comparable(c, j) ? debtors_taken(s, step, &s->steps[j]) : 0;
    int32_t count = scenario_occurrences(step), tail = 0; /* how many at the end never go */
    size_t by = no;
    while (tail < count &&
           is_taken(c, &rival, no, step->offset_days + (count - 1 - tail) * step->repeat_days, &by))
        ++tail;
    if (tail == count)
        add_step_mistake(c, no, "",
                         "never goes: steps[%zu] always falls on its day, stands behind it and is "
                         "for the same debts",
                         by);
    else if (tail >= 2) /* one is how a ladder is gone on with */
        add_step_mistake(c, no, "repeat.until",
                         "is too far: from day %d on steps[%zu] takes each of its days",
                         (int)(step->offset_days + (count - tail) * step->repeat_days), by);
}

/* What stands behind a hand-over of all its debts never goes. */
static void check_handover(struct check *c, size_t no)
{
    const struct scenario *s = c->scenario;
    const struct scenario_step *step = &s->steps[no];
    if (!span_is_str(step->places[0].channel, "handover") || step->anchor == SCENARIO_FROM_PAID)
        return;
    if (step->repeat_days > 0)
        add_step_mistake(c, no, "repeat", "never happens: the first time hands the case over");
    for (size_t i = 0; i < s->step_count; ++i) {
        const struct scenario_step *other = &s->steps[i];
        unsigned all = debtors_taken(s, other, other);
        int32_t last = other->offset_days + (scenario_occurrences(other) - 1) * other->repeat_days;
        if (i == no || !is_comparable(c, i) || other->anchor != step->anchor ||
            other->is_working_days != step->is_working_days || last <= step->offset_days ||
            all == 0 || (debtors_taken(s, other, step) & all) != all)
            continue;
        if (other->offset_days > step->offset_days)
            add_step_mistake(c, i, "", "never goes: steps[%zu] has handed the case over by then",
                             no);
        else
            add_step_mistake(c, i, "repeat.until",
                             "is too far: steps[%zu] hands the case over on day %d", no,
                             (int)step->offset_days);
    }
}

static void check_whole(struct check *c)
{
    const struct scenario *s = c->scenario;
    if (!is_name(s->name, 40))
        add_mistake(c, "scenario", "is not 1 to 40 small letters, digits and _, a letter first");
    if (s->title.len > SCENARIO_TITLE_MAX || has_control(s->title))
        add_mistake(c, "title", "is longer than %d bytes, or more than a line", SCENARIO_TITLE_MAX);
    check_words(c, &list_of_products, &s->products, -1);
    check_words(c, &list_of_kinds, &s->kinds, -1);
    check_words(c, &list_of_currencies, &s->currencies, -1);
    if (s->catch_up_days < 0 || s->catch_up_days > SCENARIO_CATCH_UP_MAX)
        add_mistake(c, "catch_up_days", "is not between 0 and %d", SCENARIO_CATCH_UP_MAX);
    if (s->step_count == 0)
        add_mistake(c, "steps", "is empty: a scenario has a step at least");
}

bool scenario_check(const struct scenario *s, const struct scenario_checking *options)
{
    struct check c = {.scenario = s, .options = options};
    check_whole(&c);
    for (size_t i = 0; i < s->step_count; ++i)
        check_step(&c, i);
    for (size_t i = 0; i < s->step_count; ++i)
        check_names(&c, i);
    for (size_t i = 0; i < s->step_count; ++i)
        if (is_comparable(&c, i))
            check_rivals(&c, i);
    for (size_t i = 0; i < s->step_count; ++i)
        if (is_comparable(&c, i))
            check_handover(&c, i);
    return c.count == 0;
}
