#include "domain/demand.h"

#include "domain/working_calendar.h"

struct demand_dates demand_dates_from(const struct demand_terms *terms, struct date received_on)
{
    struct date last = working_days_add(received_on, terms->working_days);
    return (struct demand_dates){.received_on = received_on, .pay_by = last, .request_by = last};
}

struct demand_dates demand_dates(const struct demand_terms *terms, struct date sent_on)
{
    return demand_dates_from(terms, date_add_days(sent_on, terms->delivery_days));
}

enum request_hindrance request_hindered(const struct request_standing *s)
{
    if (s->due_minor <= 0)
        return REQUEST_PAID;
    if (s->is_open)
        return REQUEST_OPEN;
    if (!s->has_demand)
        return REQUEST_NONE;
    if (s->is_of_demand)
        return REQUEST_MADE;
    return date_compare(s->today, s->request_by) > 0 ? REQUEST_LATE : REQUEST_MAY;
}
