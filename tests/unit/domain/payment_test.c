#include "domain/payment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* A fact in short: "paid A 100". The payments here ask for 100 PLN. */
#define PAID(id, amount)                                                                           \
    {                                                                                              \
        PAYMENT_FACT_PAID, amount, SPAN_LIT("PLN"), SPAN_LIT(id),                                  \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define REFUND(id, amount)                                                                         \
    {                                                                                              \
        PAYMENT_FACT_REFUNDED, amount, SPAN_LIT("PLN"), SPAN_LIT(id),                              \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define CHARGEBACK(id, amount)                                                                     \
    {                                                                                              \
        PAYMENT_FACT_CHARGED_BACK, amount, SPAN_LIT("PLN"), SPAN_LIT(id),                          \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define REVERSAL(id, amount)                                                                       \
    {                                                                                              \
        PAYMENT_FACT_CHARGEBACK_REVERSED, amount, SPAN_LIT("PLN"), SPAN_LIT(id),                   \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define REFUND_BACK(id, amount)                                                                    \
    {                                                                                              \
        PAYMENT_FACT_REFUND_REVERSED, amount, SPAN_LIT("PLN"), SPAN_LIT(id),                       \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define FAILED(why)                                                                                \
    {                                                                                              \
        PAYMENT_FACT_FAILED, 0, {0}, {0}, SPAN_LIT(why)                                            \
    }
#define PENDING()                                                                                  \
    {                                                                                              \
        PAYMENT_FACT_PENDING, 0, {0}, {0},                                                         \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

enum { FACTS_MAX = 8 };

struct story {
    const char *says;
    struct payment_fact facts[FACTS_MAX];
    enum payment_state state;
    int64_t net_minor; /* what stayed with the creditor */
    int booked_count;
};

/* What stands here is the provider's own end of the story, whatever the order of arrival. */
static const struct story stories[] = {
    {"nothing but pending", {PENDING()}, PAYMENT_PENDING, 0, 0},
    {"failed, then a late pending", {FAILED("refused"), PENDING()}, PAYMENT_FAILED, 0, 0},
    {"two reasons", {FAILED("refused"), FAILED("blik_code_wrong")}, PAYMENT_FAILED, 0, 0},
    {"paid, failed before and pending after",
     {FAILED("closed"), PAID("A", 100), PENDING()},
     PAYMENT_PAID,
     100,
     1},
    {"paid twice with one movement", {PAID("A", 100), PAID("A", 100)}, PAYMENT_PAID, 100, 1},
    {"paid in two parts", {PAID("A", 60), PAID("B", 40), PENDING()}, PAYMENT_PAID, 100, 2},
    {"paid more than asked", {PAID("A", 150), REFUND("R", 50)}, PAYMENT_PAID, 100, 2},
    {"paid less than asked", {PAID("A", 30), FAILED("closed")}, PAYMENT_PAID, 30, 1},
    {"refunded in parts",
     {PAID("A", 100), REFUND("R", 30), REFUND("S", 70), PENDING()},
     PAYMENT_REFUNDED,
     0,
     3},
    {"partly refunded", {PAID("A", 100), REFUND("R", 30)}, PAYMENT_PAID, 70, 2},
    {"a refund of two captures",
     {PAID("A", 50), PAID("B", 50), REFUND("R", 80)},
     PAYMENT_PAID,
     20,
     3},
    {"refunded, then paid again",
     {PAID("A", 100), REFUND("R", 100), PAID("B", 100), PENDING()},
     PAYMENT_PAID,
     100,
     3},
    {"charged back", {PAID("A", 100), CHARGEBACK("C", 100), PENDING()}, PAYMENT_CHARGED_BACK, 0, 2},
    {"charged back and won",
     {PAID("A", 100), CHARGEBACK("C", 100), REVERSAL("D", 100), FAILED("refused")},
     PAYMENT_PAID,
     100,
     3},
    {"refunded in part and charged back for the rest",
     {PAID("A", 100), REFUND("R", 40), CHARGEBACK("C", 60)},
     PAYMENT_CHARGED_BACK,
     0,
     3},
    {"refund and charge-back with the same id",
     {PAID("A", 100), REFUND("A", 40), CHARGEBACK("A", 60)},
     PAYMENT_CHARGED_BACK,
     0,
     3},
    {"a refund that never had its payment", {REFUND("R", 100), PENDING()}, PAYMENT_PENDING, 0, 0},
    {"more goes back than came in, in one piece",
     {PAID("A", 100), REFUND("R", 130)},
     PAYMENT_PAID,
     100,
     1},
    {"refunded, and it came back",
     {PAID("A", 100), REFUND("R", 100), REFUND_BACK("R", 100)},
     PAYMENT_PAID,
     100,
     3},
    {"refunded, came back in part, and charged back",
     {PAID("A", 100), REFUND("R", 100), REFUND_BACK("R", 40), CHARGEBACK("C", 40)},
     PAYMENT_CHARGED_BACK,
     0,
     4},
    {"everything at once",
     {PENDING(), FAILED("closed"), PAID("A", 60), PAID("B", 40), REFUND("R", 40),
      CHARGEBACK("C", 60), REVERSAL("D", 60)},
     PAYMENT_PAID,
     60,
     5},
};
enum { STORY_COUNT = sizeof(stories) / sizeof(stories[0]) };

static int fact_count(const struct story *story)
{
    int count = 0;
    while (count < FACTS_MAX && story->facts[count].kind != 0)
        ++count;
    return count;
}

/* The house's way: what waits is parked and offered again after each booking. */
struct desk {
    struct payment payment;
    const struct payment_fact *parked[64];
    int parked_count;
    int64_t entries_minor;
};

static struct desk desk_new(void)
{
    return (struct desk){.payment = {.amount_minor = 100, .currency = "PLN"}};
}

static enum payment_verdict desk_offer(struct desk *desk, const struct payment_fact *fact)
{
    int64_t entry_minor;
    enum payment_verdict verdict = payment_take(&desk->payment, fact, &entry_minor);
    desk->entries_minor += entry_minor;
    return verdict;
}

static void desk_receive(struct desk *desk, const struct payment_fact *fact)
{
    enum payment_verdict verdict = desk_offer(desk, fact);
    if (verdict == PAYMENT_WAITS)
        desk->parked[desk->parked_count++] = fact;
    while (verdict == PAYMENT_BOOK) {
        verdict = PAYMENT_NOTHING_NEW;
        for (int i = 0; i < desk->parked_count; ++i) {
            enum payment_verdict again = desk_offer(desk, desk->parked[i]);
            if (again == PAYMENT_WAITS)
                continue;
            desk->parked[i--] = desk->parked[--desk->parked_count];
            if (again == PAYMENT_BOOK)
                verdict = PAYMENT_BOOK;
        }
    }
}

/* The next permutation of a multiset in lexicographic order (Knuth 7.2.1.2, algorithm L). */
static bool next_order(int *order, int count)
{
    int i = count - 2;
    while (i >= 0 && order[i] >= order[i + 1])
        --i;
    if (i < 0)
        return false;
    int j = count - 1;
    while (order[j] <= order[i])
        --j;
    int kept = order[i];
    order[i] = order[j];
    order[j] = kept;
    for (int a = i + 1, b = count - 1; a < b; ++a, --b) {
        kept = order[a];
        order[a] = order[b];
        order[b] = kept;
    }
    return true;
}

static int compare_movements(const void *a, const void *b)
{
    const struct payment_movement *x = a, *y = b;
    return x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(x->id, y->id);
}

static void assert_ends_well(const struct story *story, struct desk *desk)
{
    assert_int_equal(desk->payment.state, story->state);
    assert_int_equal(desk->entries_minor, -story->net_minor);
    assert_int_equal(desk->payment.movement_count, story->booked_count);
}

/* Tells the story in every order of `order` and compares all ends with the first. */
static long tell_in_every_order(const struct story *story, int *order, int count)
{
    struct desk first = desk_new();
    long told = 0;
    do {
        struct desk desk = desk_new();
        for (int i = 0; i < count; ++i)
            desk_receive(&desk, &story->facts[order[i]]);
        assert_ends_well(story, &desk);
        qsort(desk.payment.movements, (size_t)desk.payment.movement_count,
              sizeof(struct payment_movement), compare_movements);
        if (told++ == 0)
            first = desk;
        assert_memory_equal(&desk.payment, &first.payment, sizeof(first.payment));
    } while (next_order(order, count));
    return told;
}

static void every_order_gives_the_same_ledger_and_state(void **state)
{
    (void)state;
    for (int s = 0; s < STORY_COUNT; ++s) {
        int order[FACTS_MAX], count = fact_count(&stories[s]);
        for (int i = 0; i < count; ++i)
            order[i] = i;
        tell_in_every_order(&stories[s], order, count);
    }
}

/* Each fact 1 to 3 times, all combinations of how often, all orders of each; bounded by the length
 * of the sequence, which keeps the longest stories to a second copy of one or two facts. */
static void every_order_and_every_repetition_gives_the_same_ledger_and_state(void **state)
{
    (void)state;
    long told = 0;
    for (int s = 0; s < STORY_COUNT; ++s) {
        int facts = fact_count(&stories[s]), combinations = 1;
        for (int i = 0; i < facts; ++i)
            combinations *= 3;
        for (int c = 0; c < combinations; ++c) {
            int order[3 * FACTS_MAX], count = 0;
            for (int i = 0, rest = c; i < facts; ++i, rest /= 3)
                for (int times = rest % 3 + 1; times > 0; --times)
                    order[count++] = i;
            if (count <= 8)
                told += tell_in_every_order(&stories[s], order, count);
        }
    }
    assert_true(told > 100000);
}

static void reason_is_the_most_telling_one_in_either_order(void **state)
{
    (void)state;
    static const struct payment_fact wrong = FAILED("blik_code_wrong"), odd = FAILED("<odd>");
    for (int turned = 0; turned < 2; ++turned) {
        struct desk desk = desk_new();
        desk_receive(&desk, turned ? &wrong : &odd);
        assert_string_equal(desk.payment.reason, turned ? "blik_code_wrong" : "refused");
        desk_receive(&desk, turned ? &odd : &wrong);
        assert_string_equal(desk.payment.reason, "blik_code_wrong");
    }
}

static void what_cannot_be_right_is_parked_and_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        struct payment_fact fact;
        enum payment_verdict verdict;
    } rows[] = {
        {{PAYMENT_FACT_PAID, 100, SPAN_LIT("EUR"), SPAN_LIT("B"), {0}}, PAYMENT_WRONG_CURRENCY},
        {{PAYMENT_FACT_PAID, 100, SPAN_LIT("pln"), SPAN_LIT("B"), {0}}, PAYMENT_WRONG_CURRENCY},
        {{PAYMENT_FACT_PAID, 100, {0}, SPAN_LIT("B"), {0}}, PAYMENT_WRONG_CURRENCY},
        {{PAYMENT_FACT_REFUNDED, 10, SPAN_LIT("EUR"), SPAN_LIT("B"), {0}}, PAYMENT_WRONG_CURRENCY},
        {PAID("B", 0), PAYMENT_WRONG_AMOUNT},
        {PAID("B", -1), PAYMENT_WRONG_AMOUNT},
        {PAID("B", INT64_MIN), PAYMENT_WRONG_AMOUNT},
        {PAID("B", INT64_MAX), PAYMENT_WRONG_AMOUNT},
        {PAID("B", PAYMENT_AMOUNT_MAX_MINOR + 1), PAYMENT_WRONG_AMOUNT},
        {PAID("A", 99), PAYMENT_CONTRADICTION},
        {REFUND("R", 101), PAYMENT_WAITS},
        {CHARGEBACK("C", 101), PAYMENT_WAITS},
        {REVERSAL("D", 1), PAYMENT_WAITS},
        {PAID("A", 100), PAYMENT_NOTHING_NEW},
        {PENDING(), PAYMENT_NOTHING_NEW},
        {FAILED("refused"), PAYMENT_NOTHING_NEW},
    };
    static const struct payment_fact paid = PAID("A", 100);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct desk desk = desk_new();
        desk_receive(&desk, &paid);
        struct payment before = desk.payment;
        assert_int_equal(desk_offer(&desk, &rows[i].fact), rows[i].verdict);
        assert_memory_equal(&before, &desk.payment, sizeof(before));
    }
}

static void movements_are_bounded_and_the_largest_amounts_still_sum(void **state)
{
    (void)state;
    struct desk desk = desk_new();
    for (int i = 0; i <= PAYMENT_MOVEMENTS_MAX; ++i) {
        char id[8];
        snprintf(id, sizeof(id), "%d", i);
        struct payment_fact fact = {
            PAYMENT_FACT_PAID, PAYMENT_AMOUNT_MAX_MINOR, SPAN_LIT("PLN"), span_str(id), {0}};
        assert_int_equal(desk_offer(&desk, &fact),
                         i < PAYMENT_MOVEMENTS_MAX ? PAYMENT_BOOK : PAYMENT_TOO_MANY);
    }
    assert_int_equal(payment_sums(&desk.payment).paid_minor, 64 * PAYMENT_AMOUNT_MAX_MINOR);
}

static void what_is_to_be_confirmed_is_pending_and_books_nothing(void **state)
{
    (void)state;
    static const struct payment_fact notice = {
        PAYMENT_FACT_TO_CONFIRM, 100, SPAN_LIT("PLN"), SPAN_LIT("A"), {0}};
    static const struct payment_fact foreign = {
        PAYMENT_FACT_TO_CONFIRM, 100, SPAN_LIT("EUR"), SPAN_LIT("A"), {0}};
    static const struct payment_fact failed = FAILED("refused"), paid = PAID("A", 100);
    struct desk desk = desk_new();
    assert_int_equal(desk_offer(&desk, &foreign), PAYMENT_WRONG_CURRENCY);
    assert_int_equal(desk_offer(&desk, &failed), PAYMENT_MOVE);
    assert_int_equal(desk_offer(&desk, &notice), PAYMENT_CONFIRM);
    assert_int_equal(desk.payment.state, PAYMENT_PENDING);
    assert_string_equal(desk.payment.reason, "");
    assert_int_equal(desk.payment.movement_count, 0);
    assert_int_equal(desk_offer(&desk, &paid), PAYMENT_BOOK);
    assert_int_equal(desk_offer(&desk, &notice), PAYMENT_NOTHING_NEW);
    assert_int_equal(desk.payment.state, PAYMENT_PAID);
}

static void words_are_read_back(void **state)
{
    (void)state;
    for (int s = PAYMENT_CREATED; s <= PAYMENT_CHARGED_BACK; ++s)
        assert_int_equal(payment_state_of(span_str(payment_state_word((enum payment_state)s))), s);
    for (int k = PAYMENT_FACT_PAID; k <= PAYMENT_FACT_REFUND_REVERSED; ++k)
        assert_int_equal(
            payment_entry_kind(span_str(payment_entry_word((enum payment_fact_kind)k))), k);
    assert_int_equal(payment_entry_kind(SPAN_LIT("charge")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_gives_the_same_ledger_and_state),
        cmocka_unit_test(every_order_and_every_repetition_gives_the_same_ledger_and_state),
        cmocka_unit_test(reason_is_the_most_telling_one_in_either_order),
        cmocka_unit_test(what_cannot_be_right_is_parked_and_changes_nothing),
        cmocka_unit_test(movements_are_bounded_and_the_largest_amounts_still_sum),
        cmocka_unit_test(what_is_to_be_confirmed_is_pending_and_books_nothing),
        cmocka_unit_test(words_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
