/* Names of values and their places: the values of a page are an array in the order of VALUES,
 * sorted as Mustache wants it once at start, so that a view only writes into known places. */
#include "http/page_view.h"

#include "domain/mustache.h"
#include "http/page_language.h"
#include "http/page_transfer.h"
#include "http/page_words.h"
#include "provider/provider.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    HTML_MAX = 256 * 1024,
    TEXTS_MAX = 16 * 1024,  /* formatted amounts, dates, shortened texts of one view */
    SHOWN_LETTERS_MAX = 60, /* of a product or number: what is longer ends in an ellipsis */
};

#define VALUES(X)                                                                                  \
    X(account)                                                                                     \
    X(account_shown)                                                                               \
    X(again)                                                                                       \
    X(amount) X(amount_plain) X(blik_error) X(blik_token) X(code) X(creditor) X(days) X(due_date)  \
        X(due_minor) X(due_tone) X(email) X(few) X(flying) X(has_qr) X(has_transfer) X(here)       \
            X(home) X(initial) X(is_ahead) X(is_blik) X(is_demo) X(is_en) X(is_late) X(is_online)  \
                X(is_overpaid) X(is_paid) X(is_part_paid) X(is_pl) X(is_refreshing) X(is_today)    \
                    X(is_tomorrow) X(is_uk) X(keep) X(kind) X(lang_chosen) X(many) X(may_retry)    \
                        X(name) X(nip) X(note_text) X(note_title) X(note_tone) X(notice_text)      \
                            X(notice_title) X(number) X(one) X(over) X(paid) X(paid_minor)         \
                                X(paid_on) X(phone) X(phone_link) X(privacy_url) X(product)        \
                                    X(recipient) X(reference) X(takes_blik) X(token) X(total)      \
                                        X(total_minor) X(transfer_for) X(website) X(website_link)

enum value {
#define VALUE_ID(name) VALUE_##name,
    VALUES(VALUE_ID)
#undef VALUE_ID
        VALUE_COUNT
};

static const char *const value_names[VALUE_COUNT] = {
#define VALUE_NAME(name) #name,
    VALUES(VALUE_NAME)
#undef VALUE_NAME
};

enum page_template {
    TEMPLATE_PAY,
    TEMPLATE_WAITING,
    TEMPLATE_SETTLED,
    TEMPLATE_NOTICE,
    TEMPLATE_COUNT
};

static const char *const template_files[TEMPLATE_COUNT] = {
    [TEMPLATE_PAY] = "pay.mustache",
    [TEMPLATE_WAITING] = "waiting.mustache",
    [TEMPLATE_SETTLED] = "settled.mustache",
    [TEMPLATE_NOTICE] = "notice.mustache",
};

struct page_view {
    const struct world *world;
    struct page_words *words[LANGUAGE_COUNT];
    struct mustache *templates[LANGUAGE_COUNT][TEMPLATE_COUNT];
    struct buf style, script;
    struct buf nowhere[LANGUAGE_COUNT]; /* written once: forged codes come in floods */
    struct buf phone_link, website_link;
    int places[VALUE_COUNT];
    struct mustache_member fixed[VALUE_COUNT];  /* the creditor's own data filled in */
    struct mustache_member values[VALUE_COUNT]; /* of the view being written */
    struct buf texts; /* never grows during a view: values point into it */
    struct buf html;
    struct buf qr; /* what the QR code would hold: whether there is one */
};

/* ---- making ---- */

static void place_values(struct page_view *v)
{
    for (int i = 0; i != VALUE_COUNT; ++i)
        v->fixed[i] = (struct mustache_member){.name = span_str(value_names[i])};
    mustache_sort(v->fixed, VALUE_COUNT);
    for (int id = 0; id != VALUE_COUNT; ++id)
        for (int place = 0; place != VALUE_COUNT; ++place)
            if (v->fixed[place].name.base == value_names[id])
                v->places[id] = place;
}

static void fix(struct page_view *v, enum value id, struct mustache_value value)
{
    v->fixed[v->places[id]].value = value;
}

static size_t letter_len(struct span text)
{
    size_t len = text.len == 0 ? 0 : 1;
    while (len < text.len && (text.base[len] & 0xc0) == 0x80)
        ++len;
    return len;
}

static struct span without(struct span text, struct span prefix)
{
    return span_starts(text, prefix) ? span_from(text, prefix.len) : text;
}

static void make_links(struct page_view *v)
{
    const struct creditor *c = &v->world->creditor;
    for (size_t i = 0; i != c->phone.len; ++i)
        if (strchr(" -()", c->phone.base[i]) == NULL)
            buf_add_char(&v->phone_link, c->phone.base[i]);
    if (c->website.len == 0)
        return;
    if (memmem(c->website.base, c->website.len, "://", 3) == NULL)
        buf_add_str(&v->website_link, "https://");
    buf_add(&v->website_link, c->website);
}

static struct span website_shown(struct span website)
{
    struct span shown = without(without(website, SPAN_LIT("https://")), SPAN_LIT("http://"));
    if (shown.len != 0 && shown.base[shown.len - 1] == '/')
        --shown.len;
    return shown;
}

static void fix_creditor(struct page_view *v)
{
    const struct creditor *c = &v->world->creditor;
    make_links(v);
    fix(v, VALUE_creditor, mustache_text(c->name));
    fix(v, VALUE_recipient, mustache_text(c->name));
    fix(v, VALUE_initial, mustache_text(span_of(c->name.base, letter_len(c->name))));
    fix(v, VALUE_nip, mustache_text(c->nip));
    fix(v, VALUE_phone, mustache_text(c->phone));
    fix(v, VALUE_phone_link, mustache_text(buf_span(&v->phone_link)));
    fix(v, VALUE_email, mustache_text(c->email));
    fix(v, VALUE_website, mustache_text(website_shown(c->website)));
    fix(v, VALUE_website_link, mustache_text(buf_span(&v->website_link)));
    fix(v, VALUE_privacy_url, mustache_text(c->privacy_url));
    fix(v, VALUE_is_demo, mustache_bool(v->world->is_demo));
}

static int compile(struct page_view *v, enum language language, enum page_template id,
                   struct err *err)
{
    struct buf text;
    buf_init(&text, MUSTACHE_TEMPLATE_MAX);
    int rc = page_words_fill(v->words[language], span_str(template_files[id]), &text, err);
    if (rc == 0) {
        v->templates[language][id] = mustache_new(buf_span(&text), err);
        if (v->templates[language][id] == NULL)
            rc = err_wrap(err, "%s in %s", template_files[id], language_code(language));
    }
    buf_release(&text);
    return rc;
}

static int load_language(struct page_view *v, enum language language, struct err *err)
{
    v->words[language] = page_words_new(language_code(language), err);
    if (v->words[language] == NULL)
        return err->code;
    for (int id = 0; id != TEMPLATE_COUNT; ++id)
        if (compile(v, language, (enum page_template)id, err) != 0)
            return err->code;
    return 0;
}

static int load(struct page_view *v, struct err *err)
{
    for (int i = 0; i != LANGUAGE_COUNT; ++i)
        if (load_language(v, (enum language)i, err) != 0)
            return err->code;
    const struct page_words *any = v->words[0];
    if (page_words_fill(any, SPAN_LIT("style.css"), &v->style, err) != 0 ||
        page_words_fill(any, SPAN_LIT("copy.js"), &v->script, err) != 0)
        return err->code;
    for (int i = 0; i != LANGUAGE_COUNT; ++i) {
        struct page_visit visit = {.language = (enum language)i};
        buf_add(&v->nowhere[i], page_view_notice(v, PAGE_NOTICE_NOWHERE, &visit));
    }
    return 0;
}

struct page_view *page_view_new(const struct world *world, struct err *err)
{
    struct page_view *v = calloc(1, sizeof(*v));
    assert(v != NULL);
    v->world = world;
    buf_init(&v->style, HTML_MAX);
    buf_init(&v->script, HTML_MAX);
    buf_init(&v->phone_link, 256);
    buf_init(&v->website_link, 2048);
    buf_init(&v->html, HTML_MAX);
    buf_init(&v->qr, 1024);
    buf_init(&v->texts, TEXTS_MAX);
    /* Takes all its memory now: values point into it while it fills. */
    buf_grow(&v->texts, TEXTS_MAX);
    for (int i = 0; i != LANGUAGE_COUNT; ++i)
        buf_init(&v->nowhere[i], HTML_MAX);
    place_values(v);
    fix_creditor(v);
    if (load(v, err) == 0)
        return v;
    page_view_free(v);
    return NULL;
}

void page_view_free(struct page_view *v)
{
    if (v == NULL)
        return;
    for (int i = 0; i != LANGUAGE_COUNT; ++i) {
        for (int id = 0; id != TEMPLATE_COUNT; ++id)
            mustache_free(v->templates[i][id]);
        page_words_free(v->words[i]);
        buf_release(&v->nowhere[i]);
    }
    buf_release(&v->style);
    buf_release(&v->script);
    buf_release(&v->phone_link);
    buf_release(&v->website_link);
    buf_release(&v->texts);
    buf_release(&v->html);
    buf_release(&v->qr);
    free(v);
}

struct span page_view_style(const struct page_view *v)
{
    return buf_span(&v->style);
}

struct span page_view_script(const struct page_view *v)
{
    return buf_span(&v->script);
}

/* ---- values of one view ---- */

static void set(struct page_view *v, enum value id, struct mustache_value value)
{
    v->values[v->places[id]].value = value;
}

static void set_text(struct page_view *v, enum value id, struct span text)
{
    set(v, id, mustache_text(text));
}

static void set_true(struct page_view *v, enum value id)
{
    set(v, id, mustache_bool(true));
}

/* Text made for this view: between text_begin and text_end it is appended to v->texts. */
static size_t text_begin(const struct page_view *v)
{
    return buf_span(&v->texts).len;
}

static struct span text_end(const struct page_view *v, size_t begin)
{
    return span_from(buf_span(&v->texts), begin);
}

static void set_made(struct page_view *v, enum value id, size_t begin)
{
    set_text(v, id, text_end(v, begin));
}

static void set_int(struct page_view *v, enum value id, int64_t number)
{
    size_t begin = text_begin(v);
    buf_add_int(&v->texts, number);
    set_made(v, id, begin);
}

static void set_amount(struct page_view *v, enum value id, int64_t minor, struct span currency,
                       enum language language)
{
    size_t begin = text_begin(v);
    char code[4];
    snprintf(code, sizeof(code), "%.*s", SPAN_ARG(currency));
    text_format_amount(&v->texts, money_of(minor, code),
                       (struct text_style){.language = language, .place = TEXT_PAGE});
    set_made(v, id, begin);
}

static void set_date(struct page_view *v, enum value id, int32_t days, enum language language)
{
    size_t begin = text_begin(v);
    text_format_date(&v->texts, date_from_days(days),
                     (struct text_style){.language = language, .place = TEXT_PAGE});
    set_made(v, id, begin);
}

/* What somebody imported may be of any length: the page keeps its shape. */
static void set_shortened(struct page_view *v, enum value id, struct span text)
{
    size_t len = 0;
    for (int letters = 0; len != text.len && letters != SHOWN_LETTERS_MAX; ++letters)
        len += letter_len(span_from(text, len));
    if (len == text.len) {
        set_text(v, id, text);
        return;
    }
    size_t begin = text_begin(v);
    buf_add(&v->texts, span_of(text.base, len));
    buf_add_str(&v->texts, "…");
    set_made(v, id, begin);
}

/* The word called before, name and after, joined. */
static struct span word(const struct page_view *v, enum language language, const char *before,
                        struct span name, const char *after)
{
    char key[80];
    snprintf(key, sizeof(key), "%s%.*s%s", before, SPAN_ARG(name), after);
    return page_words_find(v->words[language], span_str(key));
}

static void begin_view(struct page_view *v, const struct page_visit *visit)
{
    static const enum value is_language[LANGUAGE_COUNT] = {
        [LANGUAGE_POLISH] = VALUE_is_pl,
        [LANGUAGE_ENGLISH] = VALUE_is_en,
        [LANGUAGE_UKRAINIAN] = VALUE_is_uk,
    };
    memcpy(v->values, v->fixed, sizeof(v->values));
    buf_reset(&v->texts);
    buf_reset(&v->html);
    set_true(v, is_language[visit->language]);
    if (visit->is_language_chosen)
        set_true(v, VALUE_lang_chosen);
    if (visit->code.len == 0)
        return;
    set_text(v, VALUE_code, visit->code);
    size_t begin = text_begin(v);
    buf_printf(&v->texts, "/%.*s", SPAN_ARG(visit->code));
    set_made(v, VALUE_home, begin);
}

static struct span write_view(struct page_view *v, enum page_template id, enum language language)
{
    const struct mustache_object object = {
        .members = v->values, .count = VALUE_COUNT, .is_sorted = true};
    assert(!buf_is_overflowed(&v->texts));
    int rc = mustache_render(v->templates[language][id], mustache_object(&object), MUSTACHE_HTML,
                             &v->html);
    /* All that comes from outside is bounded far below HTML_MAX. */
    assert(rc == 0);
    return buf_span(&v->html);
}

/* ---- what stands on every page of a link ---- */

static void set_about(struct page_view *v, const struct page_row *row, enum language language)
{
    struct span kind = word(v, language, "kind_", row->kind, "");
    set_text(v, VALUE_kind,
             kind.base != NULL ? kind : word(v, language, "kind_other", SPAN_LIT(""), ""));
    set_shortened(v, VALUE_product, row->product);
    set_shortened(v, VALUE_number, row->number);
    if (row->name.len == 0)
        return;
    size_t begin = text_begin(v);
    text_format_masked_name(&v->texts, row->name);
    set_made(v, VALUE_name, begin);
}

/* ---- pay ---- */

static const char *tone_of_note(enum page_note note)
{
    switch (note) {
    case PAGE_NOTE_FAILED:
    case PAGE_NOTE_CHARGED_BACK:
        return "bad";
    case PAGE_NOTE_CHANGED:
    case PAGE_NOTE_AGAIN:
    case PAGE_NOTE_STARTED:
        return "warn";
    default:
        return "info";
    }
}

static void set_note(struct page_view *v, const struct page_model *m, enum language language)
{
    if (m->note == PAGE_NOTE_NONE)
        return;
    struct span name = span_str(page_note_name(m->note));
    set_text(v, VALUE_note_tone, span_str(tone_of_note(m->note)));
    set_text(v, VALUE_note_title, word(v, language, "note_", name, "_title"));
    if (m->note != PAGE_NOTE_FAILED) {
        set_text(v, VALUE_note_text, word(v, language, "note_", name, "_text"));
        return;
    }
    struct span reason = span_str(payment_reason_word(m->row->payment.reason));
    set_text(v, VALUE_note_text, word(v, language, "reason_", reason, ""));
}

static void set_due(struct page_view *v, const struct page_row *row, enum language language)
{
    static const enum value plurals[] = {
        [PLURAL_ONE] = VALUE_one, [PLURAL_FEW] = VALUE_few, [PLURAL_MANY] = VALUE_many};
    int32_t left = row->days_left, days = left < 0 ? -left : left;
    set_date(v, VALUE_due_date, row->due_date, language);
    set_text(v, VALUE_due_tone, span_str(left <= 0 ? "warn" : "info"));
    if (left == 0 || left == 1) {
        set_true(v, left == 0 ? VALUE_is_today : VALUE_is_tomorrow);
        return;
    }
    set_true(v, left < 0 ? VALUE_is_late : VALUE_is_ahead);
    set_true(v, plurals[page_language_plural(language, days)]);
    set_int(v, VALUE_days, days);
}

static void set_token(struct page_view *v, enum value id, const struct page_visit *visit, int form)
{
    char token[FORM_TOKEN_LEN + 1];
    form_token_print(v->world->keys, FORM_PAYMENT, visit->link, visit->wall, visit->nonces[form],
                     token);
    size_t begin = text_begin(v);
    buf_add(&v->texts, span_of(token, FORM_TOKEN_LEN));
    set_made(v, id, begin);
}

static bool takes_blik(const struct world *world, struct span currency)
{
    if (!span_is_str(currency, "PLN"))
        return false;
    for (const struct provider_account *a = world->providers; a->provider != NULL; ++a)
        if (a->provider->takes_blik_code)
            return true;
    return false;
}

static void set_forms(struct page_view *v, const struct page_model *m,
                      const struct page_visit *visit)
{
    const struct world *world = v->world;
    if (world->providers == NULL || world->providers->provider == NULL)
        return;
    set_true(v, VALUE_is_online);
    set_token(v, VALUE_token, visit, 0);
    if (!takes_blik(world, m->row->currency))
        return;
    set_true(v, VALUE_takes_blik);
    set_token(v, VALUE_blik_token, visit, 1);
    if (m->wishes.is_blik_wrong)
        set_text(v, VALUE_blik_error, word(v, visit->language, "blik_format", SPAN_LIT(""), ""));
}

/* The sum as one types it into a bank's form: "1234,56". */
static void set_plain(struct page_view *v, enum value id, int64_t minor, struct span currency)
{
    int64_t unit = 1;
    int exponent = currency_exponent(currency);
    for (int i = 0; i < exponent; ++i)
        unit *= 10;
    size_t begin = text_begin(v);
    buf_add_int(&v->texts, minor / unit);
    if (exponent > 0)
        buf_printf(&v->texts, ",%0*lld", exponent, (long long)(minor % unit));
    set_made(v, id, begin);
}

/* Zlotys go to the account as people know it, without the country; euros to the IBAN. */
static void set_transfer(struct page_view *v, const struct page_row *row)
{
    struct page_transfer t;
    if (!page_transfer_of(&t, v->world, row))
        return;
    set_true(v, VALUE_has_transfer);
    set_text(v, VALUE_recipient, t.recipient);
    size_t begin = text_begin(v);
    text_format_account(&v->texts, t.account);
    struct span shown = text_end(v, begin);
    size_t country_len =
        span_is_str(row->currency, "PLN") && span_starts(shown, SPAN_LIT("PL")) ? 2 : 0;
    set_text(v, VALUE_account_shown, span_from(shown, country_len));
    set_text(v, VALUE_account, span_from(t.account, country_len));
    set_text(v, VALUE_transfer_for, t.title);
    set_plain(v, VALUE_amount_plain, row->due_minor, row->currency);
    bool is_medium;
    buf_reset(&v->qr);
    if (page_transfer_qr(&t, v->world, row, &v->qr, &is_medium))
        set_true(v, VALUE_has_qr);
}

static void set_pay(struct page_view *v, const struct page_model *m, const struct page_visit *visit)
{
    const struct page_row *row = m->row;
    set_note(v, m, visit->language);
    set_due(v, row, visit->language);
    set_amount(v, VALUE_amount, row->due_minor, row->currency, visit->language);
    set_int(v, VALUE_due_minor, row->due_minor);
    if (row->paid_minor > 0) {
        set_true(v, VALUE_is_part_paid);
        set_amount(v, VALUE_paid, row->paid_minor, row->currency, visit->language);
        set_amount(v, VALUE_total, m->total_minor, row->currency, visit->language);
        set_int(v, VALUE_paid_minor, row->paid_minor);
        set_int(v, VALUE_total_minor, m->total_minor);
    }
    set_forms(v, m, visit);
    set_transfer(v, row);
}

/* ---- waiting and settled ---- */

static void set_waiting(struct page_view *v, const struct page_model *m,
                        const struct page_visit *visit)
{
    const char *back = m->wishes.is_back ? "back=1" : "";
    const char *lang = visit->is_language_chosen ? language_code(visit->language) : "";
    const char *between = back[0] != '\0' && lang[0] != '\0' ? "&" : "";
    if (m->wishes.is_back)
        set_text(v, VALUE_keep, SPAN_LIT("&back=1"));
    if (m->is_blik)
        set_true(v, VALUE_is_blik);
    if (m->refresh_seconds != 0)
        set_true(v, VALUE_is_refreshing);
    if (m->may_pay_again)
        set_true(v, VALUE_may_retry);
    set_amount(v, VALUE_flying, m->row->payment.amount_minor, m->row->currency, visit->language);
    size_t begin = text_begin(v);
    buf_printf(&v->texts, "/%.*s%s%s%s%s%s", SPAN_ARG(visit->code),
               back[0] != '\0' || lang[0] != '\0' ? "?" : "", back, between,
               lang[0] != '\0' ? "lang=" : "", lang);
    set_made(v, VALUE_here, begin);
}

static void set_settled(struct page_view *v, const struct page_model *m, enum language language)
{
    const struct page_row *row = m->row;
    if (row->paid_minor <= 0)
        return;
    set_true(v, VALUE_is_paid);
    set_amount(v, VALUE_paid, row->paid_minor, row->currency, language);
    if (row->paid_on != 0)
        set_date(v, VALUE_paid_on, row->paid_on, language);
    if (row->payment.is_there && row->payment.state == PAYMENT_PAID)
        set_shortened(v, VALUE_reference, row->payment.reference);
    if (row->due_minor == 0)
        return;
    set_true(v, VALUE_is_overpaid);
    set_amount(v, VALUE_over, -row->due_minor, row->currency, language);
}

struct span page_view_link(struct page_view *v, const struct page_model *m,
                           const struct page_visit *visit)
{
    begin_view(v, visit);
    set_about(v, m->row, visit->language);
    switch (m->kind) {
    case PAGE_PAY:
        set_pay(v, m, visit);
        return write_view(v, TEMPLATE_PAY, visit->language);
    case PAGE_WAITING:
        set_waiting(v, m, visit);
        return write_view(v, TEMPLATE_WAITING, visit->language);
    case PAGE_SETTLED:
        set_settled(v, m, visit->language);
        return write_view(v, TEMPLATE_SETTLED, visit->language);
    default:
        assert(!"a notice");
        return span_of(NULL, 0);
    }
}

/* ---- notices ---- */

static const char *const notice_names[PAGE_NOTICE_COUNT] = {
    [PAGE_NOTICE_NOWHERE] = "nowhere",   [PAGE_NOTICE_REVOKED] = "revoked",
    [PAGE_NOTICE_TOO_MANY] = "too_many", [PAGE_NOTICE_DOWN] = "down",
    [PAGE_NOTICE_FORM] = "form",         [PAGE_NOTICE_PROVIDER] = "provider",
};

struct span page_view_notice(struct page_view *v, enum page_notice notice,
                             const struct page_visit *visit)
{
    assert(notice < PAGE_NOTICE_COUNT);
    bool leads_somewhere = notice != PAGE_NOTICE_NOWHERE && notice != PAGE_NOTICE_REVOKED;
    struct span nowhere = buf_span(&v->nowhere[visit->language]);
    if (notice == PAGE_NOTICE_NOWHERE && nowhere.len != 0)
        return nowhere;
    begin_view(v, visit);
    struct span name = span_str(notice_names[notice]);
    set_text(v, VALUE_notice_title, word(v, visit->language, "notice_", name, "_title"));
    set_text(v, VALUE_notice_text, word(v, visit->language, "notice_", name, "_text"));
    if (leads_somewhere) {
        const char *lang = visit->is_language_chosen ? language_code(visit->language) : "";
        size_t begin = text_begin(v);
        buf_printf(&v->texts, "%s%.*s%s%s", visit->code.len != 0 ? "/" : "", SPAN_ARG(visit->code),
                   visit->code.len == 0 || lang[0] != '\0' ? "?" : "",
                   lang[0] != '\0' ? "lang=" : "");
        buf_add_str(&v->texts, lang);
        set_made(v, VALUE_again, begin);
    }
    return write_view(v, TEMPLATE_NOTICE, visit->language);
}
