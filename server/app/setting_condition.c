#include "app/setting_condition.h"

#include "domain/segment.h"

_Static_assert((int)DEBT_CONDITION_WORDS_MAX >= (int)SETTINGS_LIST_MAX,
               "all that is listed is looked at");

const char *setting_check_kind(const char *value, char room[160])
{
    static const char *const kinds[] = {"invoice", "instalment", "premium", "other"};
    (void)room;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i)
        if (strcmp(value, kinds[i]) == 0)
            return NULL;
    return "must be invoice, instalment, premium or other";
}

const char *setting_check_currency(const char *value, char room[160])
{
    (void)room;
    return strlen(value) == 3 && strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3
               ? NULL
               : "must be three capital letters, for instance PLN";
}

const char *setting_check_segment(const char *value, char room[160])
{
    (void)room;
    for (int s = SEGMENT_ON_TIME; s <= SEGMENT_CHRONICALLY_LATE; ++s)
        if (strcmp(value, segment_name((enum segment)s)) == 0)
            return NULL;
    return "must be on_time, sometimes_late or chronically_late";
}

void setting_condition_finish(struct settings_reading *r, const struct settings_condition *c,
                              const char *shown, int line)
{
    if (c->amount_to != 0 && c->amount_to < c->amount_from)
        setting_add_mistake(r->mistakes, line, shown, "has amount_to below amount_from");
    if (c->days_late_to < c->days_late_from)
        setting_add_mistake(r->mistakes, line, shown, "has days_late_to below days_late_from");
}

static struct debt_words words_of(const struct settings_list *list)
{
    return (struct debt_words){.items = list->items, .count = list->count};
}

struct debt_condition setting_condition_of(const struct settings_condition *c)
{
    return (struct debt_condition){.products = words_of(&c->products),
                                   .kinds = words_of(&c->kinds),
                                   .currencies = words_of(&c->currencies),
                                   .segments = words_of(&c->segments),
                                   .amount_from_minor = c->amount_from,
                                   .amount_to_minor = c->amount_to,
                                   .days_late_from = (int32_t)c->days_late_from,
                                   .days_late_to = (int32_t)c->days_late_to};
}
