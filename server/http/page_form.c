#include "http/page_form.h"

#include "base/metrics.h"
#include "domain/text_format.h"
#include "http/identity.h"
#include "http/pages.h"
#include "http/seen.h"

enum { AMOUNT_DIGITS_MAX = 15 };

/* Browsers say where a form comes from; those that do not are judged by the form's token alone. A
 * page under no-referrer sends `Origin: null` even to itself, so Origin says nothing. */
static bool is_our_form(const struct request *r, enum form_token_verdict token)
{
    struct span site = request_header(r, "sec-fetch-site");
    if (token == FORM_TOKEN_FORGED)
        return false;
    if (site.base == NULL)
        return token == FORM_TOKEN_GOOD;
    return request_header_count(r, "sec-fetch-site") == 1 &&
           (span_is_str(site, "same-origin") || span_is_str(site, "none"));
}

bool page_form_check(struct request *r, enum form_kind kind, struct paylink_id link,
                     struct form_token *token)
{
    enum form_token_verdict verdict =
        form_token_check(r->world->keys, kind, link, request_form(r, "token"), clock_wall(),
                         FORM_VALID_SECONDS, token);
    return request_form_is_ok(r) && is_our_form(r, verdict);
}

bool page_form_take(struct request *r, enum form_kind kind, struct paylink_id *link,
                    struct form_token *token)
{
    if (!paylink_check_code(r->world->keys, r->params[0], link)) {
        if (r->world->metrics != NULL)
            metrics_add(r->world->metrics, METRIC_codes_forged, 1);
        page_reply_notice(r, PAGE_NOTICE_NOWHERE, SPAN_LIT(""));
        return false;
    }
    if (!page_form_check(r, kind, *link, token)) {
        page_reply_notice(r, PAGE_NOTICE_FORM, r->params[0]);
        return false;
    }
    if (kind != FORM_IDENTITY && sheet_requires_identity(r, link->customer_id))
        return false;
    seen_note(r->world, *link, page_form_page(r));
    return true;
}

bool page_form_amount(struct span text, int64_t *minor)
{
    if (text.len == 0 || text.len > AMOUNT_DIGITS_MAX)
        return false;
    *minor = 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        *minor = *minor * 10 + (text.base[i] - '0');
    }
    return *minor > 0;
}

static bool read_digits(struct span text, size_t from, size_t len, int *out)
{
    *out = 0;
    for (size_t i = from; i < from + len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        *out = *out * 10 + (text.base[i] - '0');
    }
    return true;
}

bool page_form_date(struct span text, struct date *date)
{
    return text.len == 10 && text.base[4] == '-' && text.base[7] == '-' &&
           read_digits(text, 0, 4, &date->year) && read_digits(text, 5, 2, &date->month) &&
           read_digits(text, 8, 2, &date->day) && date_is_valid(*date);
}

struct span page_form_language(struct request *r)
{
    enum language language;
    struct span lang = request_form(r, "lang");
    return language_find(lang, &language) ? span_str(language_code(language)) : SPAN_LIT("");
}

struct span page_form_page(struct request *r)
{
    return request_form(r, "page");
}
