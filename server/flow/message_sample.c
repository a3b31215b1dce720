#include "flow/message_sample.h"

#include "flow/world.h"

_Static_assert(sizeof(MESSAGE_SAMPLE_LINK) == 51, "a link of 50 characters");

static const struct creditor usual_creditor = {.name = {"Bank Przykładowy SA", 20},
                                               .phone = {"+48 22 000 00 00", 16},
                                               .website = {"https://www.example.com", 23},
                                               .account = {"PL61109010140000071219812874", 28}};
static const struct creditor bare_creditor = {.name = {"Bank Przykładowy SA", 20}};

#define LINK SPAN_LIT(MESSAGE_SAMPLE_LINK)
#define MATCH_CODE "K7-Q2"

static const struct message_column columns[] = {{{"sklep", 5}, {"Kraków, Długa 5", 17}}};

static const struct message_plan plan = {
    .part_no = 2,
    .part_count = 3,
    .left_minor = 82500,
    .parts = {{{2026, 5, 12}, 41250}, {{2026, 6, 12}, 41250}},
    .left_count = 2,
};

/* 12 May 2026 is due; the day of the message is 14 days later, but for the bare one. */
struct message_facts message_sample(enum message_sample_kind kind)
{
    static struct message_debt debts[MESSAGE_SAMPLE_COUNT];
    const struct date due = {2026, 5, 12};
    debts[MESSAGE_SAMPLE_USUAL] = (struct message_debt){.number = SPAN_LIT("FV/2026/05/0042"),
                                                        .product = SPAN_LIT("Pożyczka gotówkowa"),
                                                        .link = LINK,
                                                        .match_code = MATCH_CODE,
                                                        .left = money_of(41250, "PLN"),
                                                        .due = due};
    debts[MESSAGE_SAMPLE_LARGE] =
        (struct message_debt){.number = SPAN_LIT("FV/2026/05/0042"),
                              .product = SPAN_LIT("Leasing operacyjny pojazdów ciężarowych i "
                                                  "naczep, umowa ramowa nr 2024/000123/W"),
                              .account = SPAN_LIT("PL27114020040000300201355387"),
                              .link = LINK,
                              .match_code = MATCH_CODE,
                              .left = money_of(1234567, "PLN"),
                              .due = due};
    debts[MESSAGE_SAMPLE_BARE] = (struct message_debt){.number = SPAN_LIT("7"),
                                                       .link = LINK,
                                                       .match_code = MATCH_CODE,
                                                       .left = money_of(1, "PLN"),
                                                       .due = due};
    debts[MESSAGE_SAMPLE_ODD] = (struct message_debt){
        .number = SPAN_LIT("N/1 \"{{amount}}\""),
        .product = SPAN_LIT("<script>alert('1')</script>\r\nBcc: x@y.example & \xe2\x80\xae"
                            "evil https://evil.example/"),
        .link = LINK,
        .match_code = MATCH_CODE,
        .left = money_of(41250, "EUR"),
        .due = due};
    debts[MESSAGE_SAMPLE_PLAN] = debts[MESSAGE_SAMPLE_USUAL];
    debts[MESSAGE_SAMPLE_PLAN].plan = &plan;
    debts[MESSAGE_SAMPLE_OFFER] = debts[MESSAGE_SAMPLE_USUAL];
    debts[MESSAGE_SAMPLE_OFFER].offer = (struct message_offer){.is_there = true,
                                                               .until = {2026, 6, 9},
                                                               .first_date = {2026, 6, 16},
                                                               .first_minor = 6875,
                                                               .total_minor = 41250};
    static const struct span names[] = {
        {"Anna Kowalska", 13},
        {"Maksymiliana Aleksandra Wojciechowska-Brzęczyszczykiewicz", 59},
        {"", 0},
        {"Zoë \"O'Neil\" <b>{{x}}</b> \xf0\x9f\x98\x80 \xd9\x85\xd8\xad\xd9\x85\xd8\xaf", 42},
        {"Anna Kowalska", 13},
        {"Anna Kowalska", 13}};
    bool is_bare = kind == MESSAGE_SAMPLE_BARE;
    return (struct message_facts){.creditor = is_bare ? &bare_creditor : &usual_creditor,
                                  .name = span_str(names[kind].base),
                                  .debts = &debts[kind],
                                  .debt_count = 1,
                                  .today = date_add_days(due, is_bare ? 0 : 14),
                                  .pay_by = {2026, 6, 16},
                                  .request_by = {2026, 6, 16},
                                  .unsubscribe = is_bare ? (struct span){"", 0}
                                                         : SPAN_LIT(MESSAGE_SAMPLE_LINK "/wypisz"),
                                  .instalment_count = 3,
                                  .instalment_first_days = 7,
                                  .columns = columns,
                                  .column_count = 1};
}
