/* The values that the templates of the customer's page name, for one view after another.
 *
 * They are one array, sorted once as Mustache wants it; a view only writes into known places of it.
 * What is the same at every view (the creditor's own data) is fixed at start. Texts that are made
 * for a view lie in one buffer that never moves, so a view allocates nothing. */
#ifndef DUNLIN_HTTP_PAGE_VALUES_H
#define DUNLIN_HTTP_PAGE_VALUES_H

#include "domain/mustache.h"
#include "domain/text_format.h"

/* clang-format off */
#define PAGE_VALUES(X) \
    X(account) X(account_shown) X(again) X(answer_by) X(asks) X(back) X(seen) \
    X(amount) X(amount_plain) X(app) X(blik_error) X(blik_token) X(can_contact) X(can_see_all) \
    X(can_dispute) X(can_help) X(can_plan) X(can_promise) X(code) X(creditor) X(days) \
    X(due_date) X(due_minor) X(due_tone) X(email) X(few) X(flying) X(has_qr) \
    X(has_transfer) X(here) X(home) X(initial) X(is_again) X(is_ahead) X(is_asking_why) \
    X(is_blik) X(is_completed) X(is_demo) X(is_en) X(is_late) X(is_online) X(is_overpaid) \
    X(is_paid) X(is_part_paid) X(is_pl) X(is_plan) X(is_plan_late) X(is_refreshing) X(is_today) \
    X(is_tomorrow) X(is_uk) X(keep) X(kind) X(lang_chosen) X(many) X(may_retry) \
    X(name) X(nip) X(note_text) X(note_title) X(note_tone) X(notice_text) X(notice_title) \
    X(number) X(one) X(origin) X(over) X(paid) X(paid_minor) X(page) \
    X(paid_on) X(part) X(part_count) X(part_no) X(parts_paid) X(phone) X(phone_link) \
    X(plan_left) X(privacy_url) X(product) X(recipient) X(reference) X(takes_blik) X(token) \
    X(note_next) X(note_sheet) X(total) X(total_minor) X(transfer_for) X(website) X(whole) \
    X(website_link) X(match_code) X(is_settled) X(rating_token) X(demand_until) X(offer_until)
/* clang-format on */

enum page_value {
#define PAGE_VALUE_ID(name) VALUE_##name,
    PAGE_VALUES(PAGE_VALUE_ID)
#undef PAGE_VALUE_ID
        VALUE_COUNT
};

struct page_values {
    int places_[VALUE_COUNT];
    struct mustache_member fixed_[VALUE_COUNT];
    struct mustache_member current_[VALUE_COUNT];
    struct buf texts_;
    size_t text_begin_;
    enum language language_;
};

void page_values_init(struct page_values *v);
void page_values_release(struct page_values *v);
/* Before the first view. */
void page_values_fix(struct page_values *v, enum page_value id, struct mustache_value value);
/* A new view: all that is not fixed is empty again. */
void page_values_begin(struct page_values *v, enum language language);
/* For rendering; until the next view. */
struct mustache_object page_values_object(const struct page_values *v);

/* The text is kept by pointer. */
void page_set_text(struct page_values *v, enum page_value id, struct span text);
void page_set_true(struct page_values *v, enum page_value id);
void page_set_int(struct page_values *v, enum page_value id, int64_t number);
/* In the language of the view: "1 234,56 zł"; "12 maja 2026". */
void page_set_amount(struct page_values *v, enum page_value id, int64_t minor,
                     struct span currency);
void page_set_date(struct page_values *v, enum page_value id, int32_t days);
/* As one types it into a bank's form: "1234,56". */
void page_set_plain(struct page_values *v, enum page_value id, int64_t minor, struct span currency);
/* Cut after sixty letters, with an ellipsis: what somebody imported may be of any length, the page
 * keeps its shape. */
void page_set_shortened(struct page_values *v, enum page_value id, struct span text);
/* The same, appended to a buffer. */
void page_shorten(struct buf *to, struct span text);

/* A text made piece by piece: append to the buffer, then set it, or take it as a span. */
struct buf *page_text_begin(struct page_values *v);
struct span page_text_end(const struct page_values *v);
void page_text_set(struct page_values *v, enum page_value id);

/* The first letter of a UTF-8 text. */
struct span utf8_first(struct span text);

#endif
