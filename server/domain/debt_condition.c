#include "domain/debt_condition.h"

static bool word_fits(const char *word, struct span text)
{
    struct span wanted = span_str(word);
    if (wanted.len != 0 && wanted.base[wanted.len - 1] == '*')
        return span_starts(text, span_of(wanted.base, wanted.len - 1));
    return span_is(text, wanted);
}

static bool words_fit(const struct debt_words *words, struct span text)
{
    for (int i = 0; i < words->count; ++i)
        if (word_fits(words->items[i], text))
            return true;
    return words->count == 0;
}

bool debt_condition_fits(const struct debt_condition *c, const struct debt_facts *debt)
{
    return words_fit(&c->products, debt->product) && words_fit(&c->kinds, debt->kind) &&
           words_fit(&c->currencies, debt->currency) &&
           (!debt->is_segment_known ||
            words_fit(&c->segments, span_str(segment_name(debt->segment)))) &&
           debt->due_minor >= c->amount_from_minor &&
           (c->amount_to_minor == 0 || debt->due_minor <= c->amount_to_minor) &&
           debt->days_late >= c->days_late_from && debt->days_late <= c->days_late_to;
}
