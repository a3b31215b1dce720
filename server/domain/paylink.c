#include "domain/paylink.h"

#include <assert.h>

void paylink_print_code(const struct keyring *k, struct paylink_id id,
                        char out[PAYLINK_CODE_LEN + 1])
{
    sealed_print(k, KEY_PAYLINK, (struct sealed){id.customer_id, id.link_no}, out);
}

bool paylink_check_code(const struct keyring *k, struct span code, struct paylink_id *id)
{
    struct sealed s;
    bool is_good = sealed_check(k, KEY_PAYLINK, code, &s);
    *id = (struct paylink_id){s.customer_id, s.number};
    return is_good;
}

enum paylink_page paylink_page(const struct paylink_facts *facts)
{
    if (facts->is_revoked)
        return PAYLINK_REVOKED;
    if (facts->due_minor < 0)
        return PAYLINK_OVERPAID;
    if (facts->due_minor == 0)
        return PAYLINK_PAID;
    if (facts->has_payment_in_flight)
        return PAYLINK_PROCESSING;
    if (facts->has_dispute)
        return PAYLINK_DISPUTED;
    if (facts->has_plan)
        return PAYLINK_IN_PLAN;
    if (facts->has_promise)
        return PAYLINK_PROMISED;
    return facts->due_minor < facts->charged_minor ? PAYLINK_PART_PAID : PAYLINK_DUE;
}

const char *paylink_page_name(enum paylink_page page)
{
    static const char *const names[] = {
        [PAYLINK_DUE] = "due",
        [PAYLINK_PART_PAID] = "part_paid",
        [PAYLINK_PAID] = "paid",
        [PAYLINK_OVERPAID] = "overpaid",
        [PAYLINK_PROCESSING] = "processing",
        [PAYLINK_IN_PLAN] = "in_plan",
        [PAYLINK_PROMISED] = "promised",
        [PAYLINK_DISPUTED] = "disputed",
        [PAYLINK_REVOKED] = "revoked",
    };
    assert(page >= PAYLINK_DUE && page <= PAYLINK_REVOKED);
    return names[page];
}
