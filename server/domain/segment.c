#include "domain/segment.h"

#include <assert.h>
#include <stddef.h>

const char *segment_name(enum segment segment)
{
    static const char *const names[] = {"on_time", "sometimes_late", "chronically_late"};
    assert((size_t)segment < sizeof(names) / sizeof(names[0]));
    return names[segment];
}

struct date segment_since(const struct segment_rules *rules, struct date today)
{
    int month = today.year * 12 + today.month - 1 - rules->months;
    struct date since = {.year = month / 12, .month = month % 12 + 1, .day = today.day};
    int length = month_length(since.year, since.month);
    if (since.day > length)
        since.day = length;
    return since;
}

enum segment_debt_fate segment_debt_fate(const struct segment_rules *rules,
                                         const struct segment_debt *debt, struct date today)
{
    if (date_compare(debt->due, segment_since(rules, today)) < 0)
        return SEGMENT_DEBT_APART;
    struct date settled = debt->is_paid ? debt->paid : today;
    bool is_late = date_days_between(debt->due, settled) > rules->grace_days;
    if (debt->is_paid)
        return is_late ? SEGMENT_DEBT_LATE : SEGMENT_DEBT_ON_TIME;
    return is_late && !debt->is_set_aside ? SEGMENT_DEBT_LATE : SEGMENT_DEBT_APART;
}

static enum segment by_debts(const struct segment_rules *rules, struct segment_counts counts)
{
    assert(counts.late <= counts.debts);
    if (counts.debts < rules->debts_min || counts.debts == 0)
        return SEGMENT_ON_TIME;
    if (counts.late * 100 >= rules->chronically_late_percent * counts.debts)
        return SEGMENT_CHRONICALLY_LATE;
    if (counts.late * 100 >= rules->sometimes_late_percent * counts.debts)
        return SEGMENT_SOMETIMES_LATE;
    return SEGMENT_ON_TIME;
}

enum segment segment_of(const struct segment_rules *rules, struct segment_counts counts)
{
    enum segment segment = by_debts(rules, counts);
    bool breaks_promises = rules->broken_promises_min > 0 &&
                           counts.broken_promises >= rules->broken_promises_min &&
                           counts.broken_promises > counts.kept_promises;
    if (breaks_promises && segment != SEGMENT_CHRONICALLY_LATE)
        return (enum segment)(segment + 1);
    return segment;
}
