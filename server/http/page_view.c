#include "http/page_view.h"

#include "domain/match_code.h"
#include "flow/page_version.h"
#include "http/page_language.h"
#include "http/page_transfer.h"
#include "http/page_values.h"
#include "http/page_words.h"
#include "http/parts_field.h"
#include "provider/provider_choice.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { HTML_MAX = 256 * 1024 };

enum page_template {
    TEMPLATE_PAY,
    TEMPLATE_WAITING,
    TEMPLATE_SETTLED,
    TEMPLATE_NOTICE,
    TEMPLATE_CHECK,
    TEMPLATE_SHEETS, /* from here on, in the order of enum sheet_id */
    TEMPLATE_COUNT = TEMPLATE_SHEETS + SHEET_COUNT
};

static const char *const template_files[TEMPLATE_COUNT] = {[TEMPLATE_PAY] = "pay.mustache",
                                                           [TEMPLATE_WAITING] = "waiting.mustache",
                                                           [TEMPLATE_SETTLED] = "settled.mustache",
                                                           [TEMPLATE_NOTICE] = "notice.mustache",
                                                           [TEMPLATE_CHECK] =
                                                               "how_to_check.mustache",
#define SHEET_FILE(name) [TEMPLATE_SHEETS + SHEET_##name] = #name ".mustache",
                                                           SHEETS(SHEET_FILE)
#undef SHEET_FILE
};

struct page_view {
    const struct world *world;
    struct page_words *words[LANGUAGE_COUNT];
    struct mustache *templates[LANGUAGE_COUNT][TEMPLATE_COUNT];
    struct buf style, script, sheet_style, settled_style;
    struct buf nowhere[LANGUAGE_COUNT]; /* written once: forged codes come in floods */
    struct buf check[LANGUAGE_COUNT];
    struct buf phone_link, website_link;
    struct page_values values;
    struct buf html;
    struct buf qr; /* what the QR code would hold: whether there is one */
};

/* ---- making ---- */

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
    page_values_fix(&v->values, VALUE_creditor, mustache_text(c->name));
    page_values_fix(&v->values, VALUE_recipient, mustache_text(c->name));
    page_values_fix(&v->values, VALUE_initial, mustache_text(utf8_first(c->name)));
    page_values_fix(&v->values, VALUE_nip, mustache_text(c->nip));
    page_values_fix(&v->values, VALUE_phone, mustache_text(c->phone));
    page_values_fix(&v->values, VALUE_phone_link, mustache_text(buf_span(&v->phone_link)));
    page_values_fix(&v->values, VALUE_email, mustache_text(c->email));
    page_values_fix(&v->values, VALUE_website, mustache_text(website_shown(c->website)));
    page_values_fix(&v->values, VALUE_website_link, mustache_text(buf_span(&v->website_link)));
    page_values_fix(&v->values, VALUE_privacy_url, mustache_text(c->privacy_url));
    page_values_fix(&v->values, VALUE_is_demo, mustache_bool(v->world->is_demo));
    const struct page_help *help = &v->world->help;
    page_values_fix(&v->values, VALUE_can_plan, mustache_bool(help->has_plans));
    page_values_fix(&v->values, VALUE_can_promise, mustache_bool(help->has_promises));
    page_values_fix(&v->values, VALUE_can_dispute, mustache_bool(help->has_disputes));
    page_values_fix(&v->values, VALUE_can_contact, mustache_bool(help->has_contact));
    page_values_fix(&v->values, VALUE_can_see_all, mustache_bool(help->has_all_debts));
    page_values_fix(&v->values, VALUE_can_help,
                    mustache_bool(help->has_plans || help->has_promises || help->has_disputes ||
                                  help->has_contact));
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

static void write_check(struct page_view *v, enum language language);

static int load(struct page_view *v, struct err *err)
{
    for (int i = 0; i != LANGUAGE_COUNT; ++i)
        if (load_language(v, (enum language)i, err) != 0)
            return err->code;
    const struct page_words *any = v->words[0];
    if (page_words_fill(any, SPAN_LIT("style.css"), &v->style, err) != 0 ||
        page_words_fill(any, SPAN_LIT("copy.js"), &v->script, err) != 0)
        return err->code;
    buf_add(&v->sheet_style, buf_span(&v->style));
    buf_add(&v->settled_style, buf_span(&v->style));
    if (page_words_fill(any, SPAN_LIT("sheet.css"), &v->sheet_style, err) != 0 ||
        page_words_fill(any, SPAN_LIT("rating.css"), &v->settled_style, err) != 0)
        return err->code;
    for (int i = 0; i != LANGUAGE_COUNT; ++i) {
        struct page_visit visit = {.language = (enum language)i};
        buf_add(&v->nowhere[i], page_view_notice(v, PAGE_NOTICE_NOWHERE, &visit));
        write_check(v, (enum language)i);
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
    buf_init(&v->sheet_style, HTML_MAX);
    buf_init(&v->settled_style, HTML_MAX);
    buf_init(&v->phone_link, 256);
    buf_init(&v->website_link, 2048);
    buf_init(&v->html, HTML_MAX);
    buf_init(&v->qr, 1024);
    for (int i = 0; i != LANGUAGE_COUNT; ++i) {
        buf_init(&v->nowhere[i], HTML_MAX);
        buf_init(&v->check[i], HTML_MAX);
    }
    page_values_init(&v->values);
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
        buf_release(&v->check[i]);
    }
    buf_release(&v->style);
    buf_release(&v->script);
    buf_release(&v->sheet_style);
    buf_release(&v->settled_style);
    buf_release(&v->phone_link);
    buf_release(&v->website_link);
    page_values_release(&v->values);
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

struct span page_view_sheet_style(const struct page_view *v)
{
    return buf_span(&v->sheet_style);
}

struct span page_view_settled_style(const struct page_view *v)
{
    return buf_span(&v->settled_style);
}

/* The word called before, name and after, joined. */
static struct span word(struct page_view *v, enum language language, const char *before,
                        struct span name, const char *after)
{
    struct buf *key = page_text_begin(&v->values);
    buf_add_str(key, before);
    buf_add(key, name);
    buf_add_str(key, after);
    return page_words_find(v->words[language], page_text_end(&v->values));
}

static void begin_view(struct page_view *v, const struct page_visit *visit)
{
    static const enum page_value is_language[LANGUAGE_COUNT] = {
        [LANGUAGE_POLISH] = VALUE_is_pl,
        [LANGUAGE_ENGLISH] = VALUE_is_en,
        [LANGUAGE_UKRAINIAN] = VALUE_is_uk,
    };
    page_values_begin(&v->values, visit->language);
    buf_reset(&v->html);
    page_set_true(&v->values, is_language[visit->language]);
    page_set_text(&v->values, VALUE_page,
                  page_version_name(v->world->page_versions, visit->language));
    if (visit->is_language_chosen)
        page_set_true(&v->values, VALUE_lang_chosen);
    if (visit->code.len == 0)
        return;
    page_set_text(&v->values, VALUE_code, visit->code);
    struct buf *text = page_text_begin(&v->values);
    buf_add(text, visit->origin);
    buf_add_char(text, '/');
    buf_add(text, visit->code);
    page_text_set(&v->values, VALUE_home);
}

static struct span write_object(struct page_view *v, enum page_template id, enum language language,
                                const struct mustache_object *object)
{
    int rc = mustache_render(v->templates[language][id], mustache_object(object), MUSTACHE_HTML,
                             &v->html);
    /* All that comes from outside is bounded far below HTML_MAX. */
    assert(rc == 0);
    return buf_span(&v->html);
}

static struct span write_view(struct page_view *v, enum page_template id, enum language language)
{
    const struct mustache_object object = page_values_object(&v->values);
    return write_object(v, id, language, &object);
}

/* ---- what stands on every page of a link ---- */

static void set_match_code(struct page_view *v, const struct page_visit *visit)
{
    char code[MATCH_CODE_LEN + 1];
    if (visit->link.customer_id == 0)
        return;
    match_code_print(v->world->keys, visit->link, paylink_key_no(visit->code), code);
    struct buf *text = page_text_begin(&v->values);
    buf_add_str(text, code);
    page_text_set(&v->values, VALUE_match_code);
}

static void set_about(struct page_view *v, const struct page_about *row,
                      const struct page_visit *visit)
{
    enum language language = visit->language;
    struct span kind = word(v, language, "kind_", row->kind, "");
    page_set_text(&v->values, VALUE_kind,
                  kind.base != NULL ? kind : word(v, language, "kind_other", SPAN_LIT(""), ""));
    page_set_shortened(&v->values, VALUE_product, row->product);
    page_set_shortened(&v->values, VALUE_number, row->number);
    if (row->name.len == 0)
        return;
    struct buf *text = page_text_begin(&v->values);
    text_format_masked_name(text, row->name);
    page_text_set(&v->values, VALUE_name);
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
    case PAGE_NOTE_NEW_CODE:
    case PAGE_NOTE_STARTED:
        return "warn";
    default:
        return "info";
    }
}

/* The sheet that says more of what a note says; null: none, or it is not offered. */
static const char *sheet_of_note(const struct page_help *help, enum page_note note)
{
    switch (note) {
    case PAGE_NOTE_PROMISE:
        return help->has_promises ? "promise" : NULL;
    case PAGE_NOTE_DISPUTE:
    case PAGE_NOTE_ANSWERED:
        return help->has_disputes ? "dispute" : NULL;
    default:
        return NULL;
    }
}

static void set_note(struct page_view *v, const struct page_model *m, enum language language)
{
    if (m->note == PAGE_NOTE_NONE)
        return;
    struct span name = span_str(page_note_name(m->note));
    if (m->note == PAGE_NOTE_AGAIN || m->note == PAGE_NOTE_NEW_CODE)
        page_set_true(&v->values, VALUE_is_again);
    page_set_text(&v->values, VALUE_note_tone, span_str(tone_of_note(m->note)));
    page_set_text(&v->values, VALUE_note_title, word(v, language, "note_", name, "_title"));
    if (m->note != PAGE_NOTE_FAILED) {
        const char *sheet = sheet_of_note(&v->world->help, m->note);
        page_set_text(&v->values, VALUE_note_text, word(v, language, "note_", name, "_text"));
        page_set_text(&v->values, VALUE_note_sheet, span_str(sheet));
        page_set_text(&v->values, VALUE_note_next, word(v, language, "note_", name, "_next"));
        return;
    }
    struct span reason = span_str(payment_reason_word(m->row->payment.reason));
    page_set_text(&v->values, VALUE_note_text, word(v, language, "reason_", reason, ""));
}

/* Of a debt in a plan the day of the first part that is not paid. */
static void set_due(struct page_view *v, const struct page_row *row, enum language language)
{
    static const enum page_value plurals[] = {
        [PLURAL_ONE] = VALUE_one, [PLURAL_FEW] = VALUE_few, [PLURAL_MANY] = VALUE_many};
    bool is_plan = page_is_in_plan(row);
    int32_t left = is_plan ? row->plan.part_days_left : row->days_left;
    int32_t days = left < 0 ? -left : left;
    page_set_date(&v->values, VALUE_due_date, is_plan ? row->plan.part_due : row->due_date);
    if (row->offer_until != 0)
        page_set_date(&v->values, VALUE_offer_until, row->offer_until);
    if (row->demand_until != 0)
        page_set_date(&v->values, VALUE_demand_until, row->demand_until);
    page_set_text(&v->values, VALUE_due_tone, span_str(left <= 0 ? "warn" : "info"));
    if (left == 0 || left == 1) {
        page_set_true(&v->values, left == 0 ? VALUE_is_today : VALUE_is_tomorrow);
        return;
    }
    page_set_true(&v->values, left < 0 ? VALUE_is_late : VALUE_is_ahead);
    page_set_true(&v->values, plurals[page_language_plural(language, days)]);
    page_set_int(&v->values, VALUE_days, days);
}

static void set_token_of(struct page_view *v, enum page_value id, enum form_kind kind,
                         const struct page_visit *visit, int form)
{
    char token[FORM_TOKEN_LEN + 1];
    form_token_print(v->world->keys, kind, visit->link, visit->wall, visit->nonces[form], token);
    struct buf *text = page_text_begin(&v->values);
    buf_add(text, span_of(token, FORM_TOKEN_LEN));
    page_text_set(&v->values, id);
}

static void set_token(struct page_view *v, enum page_value id, const struct page_visit *visit,
                      int form)
{
    set_token_of(v, id, FORM_PAYMENT, visit, form);
}

static bool is_taken(const struct world *world, const struct page_model *m, bool is_blik)
{
    if (world->providers == NULL)
        return false;
    for (const struct provider_account *a = world->providers; a->provider != NULL; ++a)
        if (provider_takes(a, m->row->currency, page_pay_minor(m->row), is_blik))
            return true;
    return false;
}

static void set_forms(struct page_view *v, const struct page_model *m,
                      const struct page_visit *visit)
{
    const struct world *world = v->world;
    if (!is_taken(world, m, false))
        return;
    page_set_true(&v->values, VALUE_is_online);
    set_token(v, VALUE_token, visit, 0);
    if (!is_taken(world, m, true))
        return;
    page_set_true(&v->values, VALUE_takes_blik);
    set_token(v, VALUE_blik_token, visit, 1);
    if (m->wishes.is_blik_wrong)
        page_set_text(&v->values, VALUE_blik_error,
                      word(v, visit->language, "blik_format", SPAN_LIT(""), ""));
}

/* Zlotys go to the account as people know it, without the country; euros to the IBAN. */
static void set_transfer(struct page_view *v, const struct page_row *row)
{
    struct page_transfer t;
    if (!page_transfer_of(&t, v->world, row))
        return;
    page_set_true(&v->values, VALUE_has_transfer);
    page_set_text(&v->values, VALUE_recipient, t.recipient);
    struct buf *text = page_text_begin(&v->values);
    text_format_account(text, t.account);
    struct span shown = page_text_end(&v->values);
    size_t country_len =
        span_is_str(row->currency, "PLN") && span_starts(shown, SPAN_LIT("PL")) ? 2 : 0;
    page_set_text(&v->values, VALUE_account_shown, span_from(shown, country_len));
    page_set_text(&v->values, VALUE_account, span_from(t.account, country_len));
    page_set_text(&v->values, VALUE_transfer_for, t.title);
    page_set_plain(&v->values, VALUE_amount_plain, page_pay_minor(row), row->currency);
    bool is_medium;
    buf_reset(&v->qr);
    if (page_transfer_qr(&t, v->world, row, &v->qr, &is_medium))
        page_set_true(&v->values, VALUE_has_qr);
}

static void set_plan(struct page_view *v, const struct page_row *row)
{
    page_set_true(&v->values, VALUE_is_plan);
    if (row->plan.late_minor > row->plan.part_minor)
        page_set_true(&v->values, VALUE_is_plan_late);
    page_set_int(&v->values, VALUE_part_no, row->plan.part_no);
    page_set_int(&v->values, VALUE_part_count, row->plan.part_count);
    page_set_int(&v->values, VALUE_parts_paid, row->plan.paid_count);
    page_set_amount(&v->values, VALUE_plan_left, row->due_minor, row->currency);
    part_field_print(page_text_begin(&v->values),
                     &(struct payment_part){.invoice_id = row->invoice_id,
                                            .amount_minor = page_pay_minor(row),
                                            .due_minor = row->due_minor});
    page_text_set(&v->values, VALUE_part);
}

static void set_pay(struct page_view *v, const struct page_model *m, const struct page_visit *visit)
{
    const struct page_row *row = m->row;
    set_token_of(v, VALUE_seen, FORM_SEEN, visit, 2);
    set_note(v, m, visit->language);
    if (m->note == PAGE_NOTE_PLAN_ASKED && row->plan.answer_by != 0)
        page_set_date(&v->values, VALUE_answer_by, row->plan.answer_by);
    set_due(v, row, visit->language);
    page_set_amount(&v->values, VALUE_amount, page_pay_minor(row), row->currency);
    page_set_int(&v->values, VALUE_due_minor, row->due_minor);
    if (page_is_in_plan(row)) {
        set_plan(v, row);
    } else if (row->paid_minor > 0) {
        page_set_true(&v->values, VALUE_is_part_paid);
        page_set_amount(&v->values, VALUE_paid, row->paid_minor, row->currency);
        page_set_amount(&v->values, VALUE_total, m->total_minor, row->currency);
        page_set_int(&v->values, VALUE_paid_minor, row->paid_minor);
        page_set_int(&v->values, VALUE_total_minor, m->total_minor);
    }
    set_forms(v, m, visit);
    set_transfer(v, row);
    if (!visit->is_at_app_host)
        page_set_text(&v->values, VALUE_app, v->world->app_links.origin);
}

/* ---- waiting and settled ---- */

/* The customer knows the sum of what was paid together. */
static void set_whole(struct page_view *v, const struct page_row *row)
{
    if (row->payment.whole_minor != row->payment.amount_minor)
        page_set_amount(&v->values, VALUE_whole, row->payment.whole_minor, row->currency);
}

static void set_waiting(struct page_view *v, const struct page_model *m,
                        const struct page_visit *visit)
{
    const char *back = m->wishes.is_back ? "back=1" : "";
    const char *lang = visit->is_language_chosen ? language_code(visit->language) : "";
    const char *between = back[0] != '\0' && lang[0] != '\0' ? "&" : "";
    if (m->wishes.is_back)
        page_set_text(&v->values, VALUE_keep, SPAN_LIT("&back=1"));
    if (m->is_blik)
        page_set_true(&v->values, VALUE_is_blik);
    if (m->is_asking_why)
        page_set_true(&v->values, VALUE_is_asking_why);
    if (m->refresh_seconds != 0)
        page_set_true(&v->values, VALUE_is_refreshing);
    if (m->may_pay_again)
        page_set_true(&v->values, VALUE_may_retry);
    page_set_amount(&v->values, VALUE_flying, m->row->payment.amount_minor, m->row->currency);
    set_whole(v, m->row);
    struct buf *text = page_text_begin(&v->values);
    buf_printf(text, "/%.*s%s%s%s%s%s", SPAN_ARG(visit->code),
               back[0] != '\0' || lang[0] != '\0' ? "?" : "", back, between,
               lang[0] != '\0' ? "lang=" : "", lang);
    page_text_set(&v->values, VALUE_here);
}

static void set_settled(struct page_view *v, const struct page_model *m,
                        const struct page_visit *visit)
{
    const struct page_row *row = m->row;
    if (row->paid_minor <= 0)
        return;
    page_set_true(&v->values, VALUE_is_paid);
    if (row->plan.state == PAGE_PLAN_COMPLETED)
        page_set_true(&v->values, VALUE_is_completed);
    set_token_of(v, VALUE_rating_token, FORM_RATING, visit, 0);
    page_set_amount(&v->values, VALUE_paid, row->paid_minor, row->currency);
    if (row->paid_on != 0)
        page_set_date(&v->values, VALUE_paid_on, row->paid_on);
    if (row->payment.is_there && row->payment.state == PAYMENT_PAID) {
        page_set_shortened(&v->values, VALUE_reference, row->payment.reference);
        set_whole(v, row);
    }
    if (row->due_minor == 0)
        return;
    page_set_true(&v->values, VALUE_is_overpaid);
    page_set_amount(&v->values, VALUE_over, -row->due_minor, row->currency);
}

struct span page_view_link(struct page_view *v, const struct page_model *m,
                           const struct page_visit *visit)
{
    begin_view(v, visit);
    set_match_code(v, visit);
    const struct page_row *row = m->row;
    set_about(v, &(struct page_about){row->kind, row->product, row->number, row->name}, visit);
    switch (m->kind) {
    case PAGE_PAY:
        set_pay(v, m, visit);
        return write_view(v, TEMPLATE_PAY, visit->language);
    case PAGE_WAITING:
        set_waiting(v, m, visit);
        return write_view(v, TEMPLATE_WAITING, visit->language);
    case PAGE_SETTLED:
        page_set_true(&v->values, VALUE_is_settled);
        set_settled(v, m, visit);
        return write_view(v, TEMPLATE_SETTLED, visit->language);
    default:
        assert(!"a notice");
        return span_of(NULL, 0);
    }
}

/* ---- notices ---- */

static const char *const notice_names[PAGE_NOTICE_COUNT] = {
    [PAGE_NOTICE_NOWHERE] = "nowhere",
    [PAGE_NOTICE_REVOKED] = "revoked",
    [PAGE_NOTICE_TOO_MANY] = "too_many",
    [PAGE_NOTICE_DOWN] = "down",
    [PAGE_NOTICE_FORM] = "form",
    [PAGE_NOTICE_PROVIDER] = "provider",
    [PAGE_NOTICE_UNSUBSCRIBE] = "unsubscribe",
    [PAGE_NOTICE_UNSUBSCRIBED] = "unsubscribed",
    [PAGE_NOTICE_PROOF_KEPT] = "proof_kept",
    [PAGE_NOTICE_PROOF_USED] = "proof_used",
    [PAGE_NOTICE_PROOF_OLD] = "proof_old",
    [PAGE_NOTICE_PROOF_BROKEN] = "proof_broken",
    [PAGE_NOTICE_PROOF_LARGE] = "proof_large",
    [PAGE_NOTICE_PROOF_KIND] = "proof_kind",
    [PAGE_NOTICE_PROOF_EMPTY] = "proof_empty",
    [PAGE_NOTICE_PROOF_FULL] = "proof_full",
    [PAGE_NOTICE_PROOF_CLOSED] = "proof_closed",
    [PAGE_NOTICE_PROOF_BUSY] = "proof_busy",
    [PAGE_NOTICE_PROOF_DOWN] = "proof_down",
};

/* Another language is another view of the same question, not of the debt. */
static void set_own_address(struct page_view *v, const char *name, const struct page_visit *visit)
{
    struct buf *text = page_text_begin(&v->values);
    buf_printf(text, "/%.*s/%s", SPAN_ARG(visit->code), name);
    page_text_set(&v->values, VALUE_home);
    page_set_text(&v->values, VALUE_back, visit->code);
}

/* What became of a file; from another origin where the listener of files says so. */
static void set_way_back(struct page_view *v, const struct page_visit *visit)
{
    page_set_text(&v->values, VALUE_origin, visit->origin);
    page_set_text(&v->values, VALUE_back, visit->code);
}

static void set_about_mail(struct page_view *v, enum page_notice notice,
                           const struct page_visit *visit)
{
    set_own_address(v, "unsubscribe", visit);
    if (notice == PAGE_NOTICE_UNSUBSCRIBE)
        page_set_true(&v->values, VALUE_asks);
}

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
    page_set_text(&v->values, VALUE_notice_title,
                  word(v, visit->language, "notice_", name, "_title"));
    page_set_text(&v->values, VALUE_notice_text,
                  word(v, visit->language, "notice_", name, "_text"));
    bool is_about_mail = notice == PAGE_NOTICE_UNSUBSCRIBE || notice == PAGE_NOTICE_UNSUBSCRIBED;
    if (is_about_mail)
        set_about_mail(v, notice, visit);
    else if (notice == PAGE_NOTICE_PROOF_KEPT)
        set_own_address(v, "proof", visit);
    else if (notice == PAGE_NOTICE_PROOF_USED || notice == PAGE_NOTICE_PROOF_FULL ||
             notice == PAGE_NOTICE_PROOF_CLOSED)
        set_way_back(v, visit);
    else if (leads_somewhere) {
        const char *lang = visit->is_language_chosen ? language_code(visit->language) : "";
        struct buf *text = page_text_begin(&v->values);
        buf_add(text, visit->origin);
        buf_printf(text, "%s%.*s%s%s", visit->code.len != 0 ? "/" : "", SPAN_ARG(visit->code),
                   visit->code.len == 0 || lang[0] != '\0' ? "?" : "",
                   lang[0] != '\0' ? "lang=" : "");
        buf_add_str(text, lang);
        page_text_set(&v->values, VALUE_again);
    }
    return write_view(v, TEMPLATE_NOTICE, visit->language);
}

/* ---- how to check ---- */

static void write_check(struct page_view *v, enum language language)
{
    begin_view(v, &(struct page_visit){.language = language});
    page_set_text(&v->values, VALUE_home, SPAN_LIT("/check"));
    buf_add(&v->check[language], write_view(v, TEMPLATE_CHECK, language));
}

struct span page_view_check(struct page_view *v, enum language language)
{
    return buf_span(&v->check[language]);
}

/* ---- sheets ---- */

struct span page_view_sheet(struct page_view *v, enum sheet_id id, const struct page_about *about,
                            const struct mustache_object *own, const struct page_visit *visit)
{
    begin_view(v, visit);
    set_match_code(v, visit);
    if (about->number.len != 0)
        set_about(v, about, visit);
    const struct mustache_object common = page_values_object(&v->values);
    struct mustache_object object = *own;
    object.fallback = &common;
    return write_object(v, (enum page_template)(TEMPLATE_SHEETS + (int)id), visit->language,
                        &object);
}

struct span page_view_word(struct page_view *v, enum language language, const char *before,
                           struct span name)
{
    char key[96];
    int len = snprintf(key, sizeof(key), "%s%.*s", before, SPAN_ARG(name));
    assert(len > 0 && (size_t)len < sizeof(key));
    return page_words_find(v->words[language], span_of(key, (size_t)len));
}
