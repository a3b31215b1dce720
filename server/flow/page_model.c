#include "flow/page_model.h"

#include "flow/payment_start.h"

#include <assert.h>

/* A BLIK code lives two minutes and the nod in the bank's app about one: after three nothing comes.
 */
enum { BLIK_WAIT_SECONDS = 180 };
/* A provider that is asked why a code failed has answered by then, or the wait is not worth it. */
enum { ASKED_WHY_SECONDS = 10 };
/* How long somebody who comes back from the provider's page is told to wait for its callback. */
enum { BACK_WAIT_SECONDS = 15 * 60 };
/* From then on the page of a wait offers another try, so that nobody is stuck in it. */
enum { BLIK_AGAIN_SECONDS = 20, PAY_AGAIN_SECONDS = 60 };
/* A failure is told to whoever still sits in front of the page, not to who opens it next week. */
enum { FAILURE_TOLD_SECONDS = 24 * 3600 };

static int64_t seconds_since(struct instant then, struct instant now)
{
    return instant_seconds(now) - instant_seconds(then);
}

static bool is_on_its_way(const struct page_payment *p)
{
    return p->is_there && (p->state == PAYMENT_CREATED || p->state == PAYMENT_STARTED);
}

/* In a moment there may be better words for it. */
static bool is_being_explained(const struct page_payment *p, int64_t age)
{
    return p->is_there && p->is_asked_why && p->is_blik && age < ASKED_WHY_SECONDS;
}

/* Somebody who waits looks at the page: often at first, then ever less. */
static int refresh_seconds(const struct page_payment *p, int64_t age)
{
    if (age < 60)
        return p->is_blik ? 3 : 4;
    return age < 600 ? 10 : 60;
}

static bool must_wait(const struct page_payment *p, struct page_wishes wishes, int64_t age)
{
    if (wishes.is_again || wishes.is_blik_wrong || wishes.is_changed)
        return false;
    if ((p->is_there && p->state == PAYMENT_PENDING) || is_being_explained(p, age))
        return true;
    if (!is_on_its_way(p))
        return false;
    return p->is_blik ? age < BLIK_WAIT_SECONDS : wishes.is_back && age < BACK_WAIT_SECONDS;
}

static enum page_note note_of_payment(const struct page_payment *p, int64_t age)
{
    if (!p->is_there)
        return PAGE_NOTE_NONE;
    switch (p->state) {
    case PAYMENT_CREATED:
    case PAYMENT_STARTED:
        return age < FAILURE_TOLD_SECONDS ? PAGE_NOTE_STARTED : PAGE_NOTE_NONE;
    case PAYMENT_PENDING:
        return PAGE_NOTE_AGAIN;
    case PAYMENT_FAILED:
        return age < FAILURE_TOLD_SECONDS ? PAGE_NOTE_FAILED : PAGE_NOTE_NONE;
    case PAYMENT_REFUNDED:
        return PAGE_NOTE_REFUNDED;
    case PAYMENT_CHARGED_BACK:
        return PAGE_NOTE_CHARGED_BACK;
    case PAYMENT_PAID:
        break;
    }
    return PAGE_NOTE_NONE;
}

bool page_is_in_plan(const struct page_row *row)
{
    return row->plan.state == PAGE_PLAN_ACTIVE && row->plan.part_minor > 0;
}

int64_t page_pay_minor(const struct page_row *row)
{
    if (!page_is_in_plan(row))
        return row->due_minor;
    return row->plan.late_minor > 0 ? row->plan.late_minor : row->plan.part_minor;
}

/* A plan that runs is all over the page. */
static enum page_note note_of_plan(const struct page_row *row)
{
    if (row->plan.state == PAGE_PLAN_ASKED)
        return PAGE_NOTE_PLAN_ASKED;
    return page_is_in_plan(row) ? PAGE_NOTE_NONE : PAGE_NOTE_PLAN;
}

static enum page_note note_of_holds(const struct page_row *row)
{
    enum page_note note = PAGE_NOTE_NONE;
    if ((row->holds & PAGE_HOLD_DISPUTE) != 0)
        return PAGE_NOTE_DISPUTE;
    if ((row->holds & PAGE_HOLD_PLAN) != 0)
        note = note_of_plan(row);
    if (note == PAGE_NOTE_NONE && (row->holds & PAGE_HOLD_PROMISE) != 0)
        return PAGE_NOTE_PROMISE;
    if (note == PAGE_NOTE_NONE && (row->holds & PAGE_HOLD_ADMIN) != 0)
        return PAGE_NOTE_ADMIN;
    if (note == PAGE_NOTE_NONE && row->plan.state == PAGE_PLAN_BROKEN)
        return PAGE_NOTE_PLAN_BROKEN;
    return note;
}

static enum page_note note_of(const struct page_row *row, struct page_wishes wishes, int64_t age)
{
    bool is_in_hand = row->payment.is_there && row->payment.state == PAYMENT_PENDING;
    if (wishes.is_changed && !is_in_hand) /* to pay twice would be worse than to miss the change */
        return PAGE_NOTE_CHANGED;
    const struct page_payment *p = &row->payment;
    if (wishes.is_again && is_on_its_way(p) && !p->is_blik)
        return PAGE_NOTE_AGAIN;
    if (is_on_its_way(p) && p->is_blik && age < BLIK_CODE_SECONDS)
        return PAGE_NOTE_NEW_CODE;
    enum page_note note = note_of_payment(p, age);
    if (note == PAGE_NOTE_NONE && row->is_dispute_answered)
        return PAGE_NOTE_ANSWERED;
    return note != PAGE_NOTE_NONE ? note : note_of_holds(row);
}

struct page_model page_model_of(const struct page_row *row, struct page_wishes wishes,
                                struct instant now)
{
    struct page_model m = {.kind = PAGE_NOWHERE, .row = row, .wishes = wishes};
    if (row == NULL)
        return m;
    if (row->is_revoked) {
        m.kind = PAGE_REVOKED;
        return m;
    }
    m.total_minor = row->due_minor + row->paid_minor;
    if (row->due_minor <= 0) {
        m.kind = PAGE_SETTLED;
        return m;
    }
    const struct page_payment *p = &row->payment;
    int64_t age = p->is_there ? seconds_since(p->changed_at, now) : 0;
    if (!must_wait(p, wishes, age)) {
        m.kind = PAGE_PAY;
        m.note = note_of(row, wishes, age);
        return m;
    }
    m.kind = PAGE_WAITING;
    m.is_asking_why = p->state == PAYMENT_FAILED;
    m.is_blik = p->is_blik && is_on_its_way(p);
    m.may_pay_again =
        !m.is_asking_why && age >= (m.is_blik ? BLIK_AGAIN_SECONDS : PAY_AGAIN_SECONDS);
    m.refresh_seconds = wishes.is_still ? 0 : refresh_seconds(p, age);
    return m;
}

const char *page_note_name(enum page_note note)
{
    static const char *const names[PAGE_NOTE_COUNT] = {
        [PAGE_NOTE_CHANGED] = "changed",
        [PAGE_NOTE_AGAIN] = "again",
        [PAGE_NOTE_NEW_CODE] = "new_code",
        [PAGE_NOTE_FAILED] = "failed",
        [PAGE_NOTE_STARTED] = "started",
        [PAGE_NOTE_REFUNDED] = "refunded",
        [PAGE_NOTE_CHARGED_BACK] = "charged_back",
        [PAGE_NOTE_ANSWERED] = "answered",
        [PAGE_NOTE_PLAN] = "plan",
        [PAGE_NOTE_PROMISE] = "promise",
        [PAGE_NOTE_DISPUTE] = "dispute",
        [PAGE_NOTE_ADMIN] = "admin",
        [PAGE_NOTE_PLAN_ASKED] = "plan_asked",
        [PAGE_NOTE_PLAN_BROKEN] = "plan_broken",
    };
    assert(note > PAGE_NOTE_NONE && note < PAGE_NOTE_COUNT);
    return names[note];
}
