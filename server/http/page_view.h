/* The customer's page as HTML: a model becomes the values of a template, the template writes it.
 *
 * All templates are compiled at start, once for each language, with the words and the creditor's
 * own data filled in; a view fills in the rest. Nothing is allocated for a view: the bytes stand in
 * one buffer that the next view overwrites. */
#ifndef DUNLIN_HTTP_PAGE_VIEW_H
#define DUNLIN_HTTP_PAGE_VIEW_H

#include "domain/form_token.h"
#include "domain/mustache.h"
#include "domain/text_format.h"
#include "flow/page_model.h"
#include "flow/world.h"

/* Pages that show nothing of anybody, each with its words notice_<name>_title and _text. */
enum page_notice {
    PAGE_NOTICE_NOWHERE = 0, /* forged, malformed or unknown link: one text for all */
    PAGE_NOTICE_REVOKED,
    PAGE_NOTICE_TOO_MANY,     /* payments or BLIK codes in a short time */
    PAGE_NOTICE_DOWN,         /* the database does not answer */
    PAGE_NOTICE_FORM,         /* the form's token is not ours or too old */
    PAGE_NOTICE_PROVIDER,     /* the provider does not answer; nothing was taken */
    PAGE_NOTICE_UNSUBSCRIBE,  /* asks whether to stop reminders by mail */
    PAGE_NOTICE_UNSUBSCRIBED, /* they are stopped */
    /* What became of a file sent with a dispute. */
    PAGE_NOTICE_PROOF_KEPT,
    PAGE_NOTICE_PROOF_USED,   /* its form was sent before: the file of that time is kept */
    PAGE_NOTICE_PROOF_OLD,    /* the form waited for too long, or is not ours */
    PAGE_NOTICE_PROOF_BROKEN, /* the form cannot be read */
    PAGE_NOTICE_PROOF_LARGE,
    PAGE_NOTICE_PROOF_KIND,   /* neither PDF nor picture */
    PAGE_NOTICE_PROOF_EMPTY,  /* no file was chosen */
    PAGE_NOTICE_PROOF_FULL,   /* there are as many as may be */
    PAGE_NOTICE_PROOF_CLOSED, /* the dispute is answered or withdrawn */
    PAGE_NOTICE_PROOF_BUSY,   /* others send just now */
    PAGE_NOTICE_PROOF_DOWN,   /* the database does not answer: perhaps kept */
    PAGE_NOTICE_COUNT,
};

/* Who looks, and from which address. */
struct page_visit {
    enum language language;
    bool is_language_chosen; /* by ?lang=: forms and links keep it */
    struct span origin;      /* where the debt's page is when not here; no slash at the end */
    bool is_at_app_host;     /* there a link to the app would stay in the browser */
    struct span code;        /* of the link; empty where it failed the check */
    struct paylink_id link;  /* customer 0: of none */
    struct instant wall;     /* for the form tokens */
    uint8_t nonces[3][FORM_NONCE_LEN]; /* random: one for each form, and the script's */
};

/* Sheets (sheet.h): each is a file <name>.mustache of web/pages. */
/* clang-format off */
#define SHEETS(X) \
    X(answer) X(all) X(all_review) X(parts) X(parts_review) X(plan) X(plan_offer) \
    X(plan_kept) X(promise) X(dispute) X(dispute_ways) X(wishes) X(identity) X(offer) \
    X(offer_answered) X(restructuring) X(restructuring_state) X(document)
/* clang-format on */

enum sheet_id {
#define SHEET_ID(name) SHEET_##name,
    SHEETS(SHEET_ID)
#undef SHEET_ID
        SHEET_COUNT
};

/* What a page is about: as imported, to be shortened and masked. Empty where it is about nothing.
 */
struct page_about {
    struct span kind, product, number, name;
};

struct page_view;

/* `world` is kept. Null with ERR_INPUT when a template or words file is wrong: a bug that no
 * settings can cause. */
struct page_view *page_view_new(const struct world *world, struct err *err);
void page_view_free(struct page_view *view);
/* What stands between the tags, for the content security policy. */
struct span page_view_style(const struct page_view *view);
struct span page_view_script(const struct page_view *view);
struct span page_view_sheet_style(const struct page_view *view);
struct span page_view_settled_style(const struct page_view *view);

/* The bytes live until the next call. `model` is of kind PAGE_PAY, PAGE_WAITING or PAGE_SETTLED;
 * the other kinds are notices. */
struct span page_view_link(struct page_view *view, const struct page_model *model,
                           const struct page_visit *visit);
/* How to check who writes, without a click; the same for everybody, so kept once written. */
struct span page_view_check(struct page_view *view, enum language);
struct span page_view_notice(struct page_view *view, enum page_notice notice,
                             const struct page_visit *visit);
/* `own` values stand in front of those of every page. */
struct span page_view_sheet(struct page_view *view, enum sheet_id, const struct page_about *about,
                            const struct mustache_object *own, const struct page_visit *visit);
/* The word called before and name, joined; empty when there is none. */
struct span page_view_word(struct page_view *view, enum language, const char *before,
                           struct span name);

#endif
