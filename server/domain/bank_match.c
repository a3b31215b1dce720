/* A title is turned into its capitals and digits in one row, as banks cut lines and people put
 * blanks anywhere, with a note of what stood before each: nothing, a blank, or a sign. A number is
 * looked for in that row, and the notes say whether it stands there whole: 77/2026 is not in
 * 177/2026 nor in 77/2026/1. */
#include "domain/bank_match.h"

#include "domain/bank_text.h"
#include "domain/csv_value.h"

#include <assert.h>

enum {
    TITLE_MAX = 2048,    /* letters that are looked through; a title has 140 */
    NUMBER_MAX = 256,    /* P_2 of an e-invoice */
    NUMBER_SURE_MIN = 5, /* shorter ones stand in titles by chance */
};

static const struct {
    const char *word, *text;
    int confidence; /* when it is booked */
} reasons[BANK_REASON_COUNT] = {
    [BANK_REASON_NONE] = {"none", "nothing in it names a debt", 0},
    [BANK_REASON_NOT_MONEY_IN] = {"not_money_in", "it is no booked payment to us", 0},
    [BANK_REASON_PARTS_UNCLEAR] = {"parts_unclear", "a batch whose parts are not its sum", 0},
    [BANK_REASON_KSEF_COLLECTIVE] = {"ksef_collective",
                                     "a KSeF number that stands for several invoices", 0},
    [BANK_REASON_VIRTUAL_ACCOUNT] = {"virtual_account", "it was paid to the debt's own account",
                                     100},
    [BANK_REASON_KSEF_NUMBER] = {"ksef_number", "the title has the invoice's KSeF number", 99},
    [BANK_REASON_REFERENCE] = {"reference", "the title has our reference", 99},
    [BANK_REASON_NUMBER] = {"number", "the title has the invoice's number", 95},
    [BANK_REASON_NUMBERS] = {"numbers", "the title has the numbers of several invoices", 95},
    [BANK_REASON_NUMBER_LOOSE] = {"number_loose", "the title has the invoice's number in part", 90},
    [BANK_REASON_PAYER_ACCOUNT] = {"payer_account",
                                   "a known account of the customer and the exact amount", 90},
    [BANK_REASON_NAME] = {"name", "the customer's name and the exact amount", 0},
};

const char *bank_decision_name(enum bank_decision decision)
{
    static const char *const names[] = {"unmatched", "suggested", "booked"};
    assert(decision <= BANK_BOOKED);
    return names[decision];
}

const char *bank_reason_name(enum bank_reason reason)
{
    assert(reason < BANK_REASON_COUNT);
    return reasons[reason].word;
}

const char *bank_reason_text(enum bank_reason reason)
{
    assert(reason < BANK_REASON_COUNT);
    return reasons[reason].text;
}

/* ---- text in one row ---- */

/* Of several signs the one that parts most counts: "77/2026. Rata" ends at a blank. */
enum gap {
    GAP_NONE = 0,
    GAP_JOINING, /* within a number: / \ - _ . */
    GAP_SIGN,
    GAP_BLANK,
};

struct row {
    char letters[TITLE_MAX + 1];
    uint8_t gaps[TITLE_MAX + 1]; /* before each letter, and behind the last */
    size_t len;
};

static enum gap gap_of(struct span sign)
{
    if (strchr(" \t\r\n", sign.base[0]) != NULL || span_starts(sign, SPAN_LIT("\xc2\xa0")))
        return GAP_BLANK;
    return strchr("/\\-_.", sign.base[0]) != NULL ? GAP_JOINING : GAP_SIGN;
}

/* What is too long is cut. */
static void row_make(struct row *row, struct span text)
{
    enum gap gap = GAP_BLANK;
    row->len = 0;
    while (text.len > 0 && row->len < TITLE_MAX) {
        struct span at = text;
        char c = bank_text_next(&text);
        enum gap found = c == 0 ? gap_of(at) : GAP_NONE;
        if (c == 0) {
            gap = found > gap ? found : gap;
            continue;
        }
        row->gaps[row->len] = (uint8_t)gap;
        row->letters[row->len++] = c;
        gap = GAP_NONE;
    }
    row->gaps[row->len] = text.len == 0 ? (uint8_t)(gap == GAP_NONE ? GAP_BLANK : gap) : GAP_NONE;
    row->letters[row->len] = 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- a number in a title ---- */

enum fit { FIT_NONE = 0, FIT_LOOSE, FIT_WHOLE };

struct hit {
    enum fit fit;
    size_t from, to;
};

/* Where the number stands, signs stand where it has them. A sign that is left out, and a blank
 * where a line was cut, leave a doubt. */
static enum fit inner_fit(const struct row *title, size_t at, const struct row *number,
                          size_t number_from)
{
    enum fit fit = FIT_WHOLE;
    for (size_t i = 1; i < number->len - number_from; ++i) {
        enum gap here = (enum gap)title->gaps[at + i];
        enum gap there = (enum gap)number->gaps[number_from + i];
        bool is_turn = is_digit(title->letters[at + i]) != is_digit(title->letters[at + i - 1]);
        if (is_turn || (here == GAP_NONE) == (there == GAP_NONE))
            continue; /* "FV77" is "FV 77" and "FV/77" */
        if (here != GAP_NONE && here != GAP_BLANK)
            return FIT_NONE;
        fit = FIT_LOOSE;
    }
    return fit;
}

/* What stands before the hit: it ends there, or goes on with letters (a prefix), or with digits,
 * and then it is another number. */
static enum fit fit_before(const struct row *title, size_t at)
{
    if (at == 0)
        return FIT_WHOLE;
    enum gap gap = (enum gap)title->gaps[at];
    char before = title->letters[at - 1];
    if (gap == GAP_BLANK || gap == GAP_SIGN)
        return FIT_WHOLE;
    if (is_digit(before))
        return is_digit(title->letters[at]) || gap == GAP_JOINING ? FIT_NONE : FIT_LOOSE;
    return FIT_LOOSE; /* FV77/2026, FV/77/2026 */
}

static enum fit fit_behind(const struct row *title, size_t end)
{
    if (end == title->len)
        return FIT_WHOLE;
    enum gap gap = (enum gap)title->gaps[end];
    char last = title->letters[end - 1], next = title->letters[end];
    if (gap == GAP_BLANK || gap == GAP_SIGN)
        return FIT_WHOLE;
    if (gap == GAP_JOINING)
        return FIT_NONE; /* 77/2026/1, 77/2026-KOR */
    return is_digit(last) && is_digit(next) ? FIT_NONE : FIT_LOOSE;
}

static enum fit least(enum fit a, enum fit b)
{
    return a < b ? a : b;
}

/* The best place of the number from its letter `from` on. */
static struct hit find_from(const struct row *title, const struct row *number, size_t from)
{
    struct hit best = {FIT_NONE, 0, 0};
    size_t len = number->len - from;
    for (size_t at = 0; len > 0 && at + len <= title->len; ++at) {
        if (memcmp(title->letters + at, number->letters + from, len) != 0)
            continue;
        enum fit fit = least(inner_fit(title, at, number, from), fit_before(title, at));
        fit = least(fit, fit_behind(title, at + len));
        if (fit > best.fit)
            best = (struct hit){fit, at, at + len};
    }
    return best;
}

/* Where the number's own digits begin, behind a prefix of letters; 0: there is none. */
static size_t prefix_len(const struct row *number)
{
    size_t at = 0;
    while (at < number->len && !is_digit(number->letters[at]))
        ++at;
    return at == number->len ? 0 : at;
}

static bool has_digit(const struct row *row)
{
    for (size_t i = 0; i < row->len; ++i)
        if (is_digit(row->letters[i]))
            return true;
    return false;
}

/* A number that says a lot by itself: long enough, and in more than one piece (77/2026, FV123456).
 * Others are also telephones, postcodes and years. */
static bool is_telling(const struct row *number)
{
    bool is_in_pieces = prefix_len(number) > 0;
    for (size_t i = 1; i < number->len; ++i)
        is_in_pieces = is_in_pieces || number->gaps[i] != GAP_NONE;
    return number->len >= NUMBER_SURE_MIN && is_in_pieces;
}

static struct hit find_number(const struct row *title, struct span number_text)
{
    struct row number;
    row_make(&number, span_of(number_text.base,
                              number_text.len < NUMBER_MAX ? number_text.len : NUMBER_MAX));
    if (number.len == 0 || number_text.len > NUMBER_MAX || !has_digit(&number))
        return (struct hit){FIT_NONE, 0, 0};
    struct hit hit = find_from(title, &number, 0);
    if (hit.fit == FIT_WHOLE && !is_telling(&number))
        hit.fit = FIT_LOOSE;
    if (hit.fit != FIT_NONE || prefix_len(&number) == 0 ||
        number.len - prefix_len(&number) < NUMBER_SURE_MIN)
        return hit;
    hit = find_from(title, &number, prefix_len(&number));
    /* Another prefix in front is another series. */
    hit.fit = hit.fit == FIT_WHOLE ? FIT_LOOSE : FIT_NONE;
    return hit;
}

/* ---- verdicts ---- */

struct matching {
    const struct bank_entry *entry;
    const struct bank_debt *debts;
    size_t count;
    struct bank_verdict *out;
    struct row title;
};

static bool has_currency(const struct matching *m, size_t i)
{
    return strcmp(m->debts[i].due.currency, m->entry->amount.currency) == 0;
}

static bool is_exact(const struct matching *m, size_t i)
{
    return has_currency(m, i) && m->debts[i].due.minor == m->entry->amount.minor;
}

static void add_debt(struct matching *m, size_t i)
{
    if (m->out->debt_count < BANK_MATCH_DEBTS_MAX)
        m->out->debts[m->out->debt_count++] = i;
}

static void decide(struct matching *m, enum bank_reason reason, enum bank_decision decision,
                   int confidence)
{
    m->out->reason = reason;
    m->out->decision = decision;
    m->out->confidence = confidence;
}

/* What names exactly one debt beyond doubt: booked in its currency, whatever the amount. */
static void decide_by_key(struct matching *m, enum bank_reason reason)
{
    bool is_sure = m->out->debt_count == 1 && has_currency(m, m->out->debts[0]);
    decide(m, reason, is_sure ? BANK_BOOKED : BANK_SUGGESTED,
           is_sure ? reasons[reason].confidence : 70);
}

/* Dues of the debts told, in the entry's currency; -1 when one is in another. */
static int64_t dues_minor(const struct matching *m)
{
    int64_t sum = 0;
    for (size_t i = 0; i < m->out->debt_count; ++i) {
        if (!has_currency(m, m->out->debts[i]))
            return -1;
        sum += m->debts[m->out->debts[i]].due.minor;
    }
    return sum;
}

static void decide_several(struct matching *m, enum bank_reason reason)
{
    bool is_sum = dues_minor(m) == m->entry->amount.minor;
    decide(m, reason, is_sum ? BANK_BOOKED : BANK_SUGGESTED,
           is_sum ? reasons[reason].confidence : 70);
}

/* ---- virtual accounts ---- */

static bool is_written_in_title(const struct matching *m, struct span account)
{
    /* The 26 digits, with or without the country. */
    if (account.len != 28 || memcmp(account.base, "PL", 2) != 0)
        return false;
    return memmem(m->title.letters, m->title.len, account.base + 2, 26) != NULL;
}

/* A bank that knows mass payments by an id tells the digits behind the creditor's own. */
static bool is_collected(const struct matching *m, struct span account)
{
    enum { ID_DIGITS = 12 };
    struct span id = m->entry->collect_id;
    return id.len >= ID_DIGITS && account.len == 28 &&
           memcmp(id.base + id.len - ID_DIGITS, account.base + account.len - ID_DIGITS,
                  ID_DIGITS) == 0;
}

static bool is_paid_to(const struct matching *m, struct span account)
{
    for (size_t i = 0; i < m->entry->paid_to_count; ++i)
        if (span_is_str(account, m->entry->paid_to[i]))
            return true;
    return is_collected(m, account) || is_written_in_title(m, account);
}

static bool match_virtual_account(struct matching *m)
{
    for (size_t i = 0; i < m->count; ++i)
        if (m->debts[i].virtual_account.len > 0 && is_paid_to(m, m->debts[i].virtual_account))
            add_debt(m, i);
    if (m->out->debt_count == 0)
        return false;
    decide_by_key(m, BANK_REASON_VIRTUAL_ACCOUNT);
    return true;
}

/* ---- KSeF numbers and our reference ---- */

static bool match_ksef(struct matching *m)
{
    char number[KSEF_NUMBER_LEN + 1];
    enum ksef_number_kind kind;
    bool has_collective = false;
    for (size_t at = 0; (kind = ksef_number_find(span_of(m->title.letters, m->title.len), &at,
                                                 number)) != KSEF_NUMBER_NONE;) {
        has_collective = has_collective || kind == KSEF_NUMBER_COLLECTIVE;
        for (size_t i = 0; i < m->count; ++i) {
            bool is_told = false;
            for (size_t k = 0; k < m->out->debt_count; ++k)
                is_told = is_told || m->out->debts[k] == i;
            if (!is_told && span_is_str(m->debts[i].ksef_number, number))
                add_debt(m, i);
        }
    }
    if (has_collective) {
        decide(m, BANK_REASON_KSEF_COLLECTIVE,
               m->out->debt_count > 0 ? BANK_SUGGESTED : BANK_UNMATCHED,
               m->out->debt_count > 0 ? 50 : 0);
        return true;
    }
    if (m->out->debt_count == 0)
        return false;
    if (m->out->debt_count == 1)
        decide_by_key(m, BANK_REASON_KSEF_NUMBER);
    else
        decide_several(m, BANK_REASON_KSEF_NUMBER);
    return true;
}

/* Small and large letters of a reference differ: it is looked for as it is. */
static bool match_reference(struct matching *m)
{
    struct span title = m->entry->title, end_to_end = m->entry->end_to_end_id;
    for (size_t i = 0; i < m->count; ++i) {
        struct span reference = m->debts[i].reference;
        if (reference.len == 0)
            continue;
        bool is_there =
            (title.len > 0 && memmem(title.base, title.len, reference.base, reference.len)) ||
            (end_to_end.len > 0 &&
             memmem(end_to_end.base, end_to_end.len, reference.base, reference.len));
        if (is_there)
            add_debt(m, i);
    }
    if (m->out->debt_count == 0)
        return false;
    decide_by_key(m, BANK_REASON_REFERENCE);
    return true;
}

/* ---- invoice numbers ---- */

static bool is_inside(const struct hit *a, const struct hit *b)
{
    return a->from >= b->from && a->to <= b->to && a->to - a->from < b->to - b->from;
}

/* A number that lies within a longer one's place is not what the title says. */
static void drop_inner(struct hit *hits, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        for (size_t k = 0; k < count && hits[i].fit != FIT_NONE; ++k)
            if (hits[k].fit >= hits[i].fit && is_inside(&hits[i], &hits[k]))
                hits[i].fit = FIT_NONE;
}

/* Two debts at one place: the title does not say which. */
static bool is_place_shared(const struct hit *hits, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        for (size_t k = i + 1; k < count; ++k)
            if (hits[i].fit != FIT_NONE && hits[k].fit != FIT_NONE && hits[i].from < hits[k].to &&
                hits[k].from < hits[i].to)
                return true;
    return false;
}

static size_t add_fits(struct matching *m, const struct hit *hits, enum fit fit)
{
    size_t count = 0;
    for (size_t i = 0; i < m->count; ++i)
        if (hits[i].fit == fit) {
            add_debt(m, i);
            ++count;
        }
    return count;
}

/* One whole number books what is not above the due; more may be for something else besides. */
static void decide_whole(struct matching *m)
{
    size_t i = m->out->debts[0];
    bool is_sure = has_currency(m, i) && m->entry->amount.minor <= m->debts[i].due.minor &&
                   !(m->out->is_split_payment && !is_exact(m, i));
    decide(m, BANK_REASON_NUMBER, is_sure ? BANK_BOOKED : BANK_SUGGESTED,
           !is_sure         ? 80
           : is_exact(m, i) ? 98
                            : reasons[BANK_REASON_NUMBER].confidence);
}

static bool match_numbers(struct matching *m)
{
    struct hit hits[BANK_MATCH_CANDIDATES_MAX];
    for (size_t i = 0; i < m->count; ++i)
        hits[i] = find_number(&m->title, m->debts[i].number);
    drop_inner(hits, m->count);
    bool is_shared = is_place_shared(hits, m->count);
    size_t whole = add_fits(m, hits, FIT_WHOLE), all = whole + add_fits(m, hits, FIT_LOOSE);
    if (all == 0)
        return false;
    if (all > BANK_MATCH_DEBTS_MAX || is_shared)
        decide(m, all > 1 ? BANK_REASON_NUMBERS : BANK_REASON_NUMBER, BANK_SUGGESTED, 50);
    else if (whole == 1 && all == 1)
        decide_whole(m);
    else if (whole == 1 && is_exact(m, m->out->debts[0])) {
        m->out->debt_count = 1; /* the amount says which of them */
        decide_whole(m);
    } else if (whole == all)
        decide_several(m, BANK_REASON_NUMBERS);
    else if (all == 1 && is_exact(m, m->out->debts[0]))
        decide(m, BANK_REASON_NUMBER_LOOSE, BANK_BOOKED,
               reasons[BANK_REASON_NUMBER_LOOSE].confidence);
    else
        decide(m, BANK_REASON_NUMBER_LOOSE, BANK_SUGGESTED, 60);
    return true;
}

/* ---- who pays, and exactly how much ---- */

static bool match_payer_account(struct matching *m)
{
    for (size_t i = 0; m->entry->payer_account[0] != 0 && i < m->count; ++i)
        if (m->debts[i].is_payer_known && is_exact(m, i))
            add_debt(m, i);
    if (m->out->debt_count == 0)
        return false;
    bool is_one = m->out->debt_count == 1;
    decide(m, BANK_REASON_PAYER_ACCOUNT, is_one ? BANK_BOOKED : BANK_SUGGESTED,
           is_one ? reasons[BANK_REASON_PAYER_ACCOUNT].confidence : 60);
    return true;
}

/* Whether the words of a name all stand among those of another, in any order: names come with an
 * address behind, and with the family name first. */
static bool has_words(struct span text, struct span words)
{
    struct row there, name;
    size_t at = 0, word_count = 0;
    row_make(&there, text);
    row_make(&name, words);
    while (at < name.len) {
        size_t len = 1;
        while (at + len < name.len && name.gaps[at + len] == GAP_NONE)
            ++len;
        bool is_found = false;
        for (size_t i = 0; i + len <= there.len && !is_found; ++i)
            is_found = there.gaps[i] != GAP_NONE && there.gaps[i + len] != GAP_NONE &&
                       memcmp(there.letters + i, name.letters + at, len) == 0;
        if (!is_found)
            return false;
        word_count += len > 1 ? 1 : 0;
        at += len;
    }
    return word_count >= 2;
}

static bool match_name(struct matching *m)
{
    for (size_t i = 0; i < m->count; ++i)
        if (is_exact(m, i) && m->debts[i].name.len > 0 &&
            (has_words(m->entry->payer_name, m->debts[i].name) ||
             has_words(m->entry->title, m->debts[i].name)))
            add_debt(m, i);
    if (m->out->debt_count == 0)
        return false;
    /* Names are not anybody's alone: a person looks. */
    decide(m, BANK_REASON_NAME, BANK_SUGGESTED, m->out->debt_count == 1 ? 70 : 40);
    return true;
}

/* ---- split payments ---- */

static struct span behind(struct span title, const char *word, const char *const *ends)
{
    const char *at = memmem(title.base, title.len, word, strlen(word));
    if (at == NULL)
        return span_of("", 0);
    struct span rest = span_from(title, (size_t)(at - title.base) + strlen(word));
    for (; *ends != NULL; ++ends) {
        const char *end = memmem(rest.base, rest.len, *ends, strlen(*ends));
        if (end != NULL)
            rest.len = (size_t)(end - rest.base);
    }
    return csv_trim(rest);
}

bool bank_split_title_read(struct span title, struct split_title *out)
{
    static const char *const ends[] = {"/IDC/", "/INV/", "/TXT/", NULL};
    static const char *const last[] = {NULL};
    title = csv_trim(title);
    *out = (struct split_title){.vat = {"", 0}};
    if (!span_starts(title, SPAN_LIT("/VAT/")))
        return false;
    out->vat = behind(title, "/VAT/", ends);
    out->tax_id = behind(title, "/IDC/", ends + 1);
    out->invoice = behind(title, "/INV/", ends + 2);
    out->text = behind(title, "/TXT/", last);
    return out->vat.len > 0 && out->invoice.len > 0;
}

static void read_split(struct matching *m)
{
    struct split_title split;
    m->out->is_split_payment = bank_split_title_read(m->entry->title, &split);
    if (!m->out->is_split_payment)
        return;
    if (bank_amount_read(split.vat, currency_exponent(span_str(m->entry->amount.currency)), ',',
                         &m->out->vat_minor) != BANK_AMOUNT_GOOD)
        m->out->vat_minor = 0;
    row_make(&m->title, split.invoice);
}

/* ---- the whole ---- */

static bool is_money_in(const struct bank_entry *e)
{
    return e->status == BANK_ENTRY_BOOKED && e->direction == BANK_CREDIT && !e->is_reversal &&
           e->amount.minor > 0;
}

void bank_match(const struct bank_entry *entry, const struct bank_debt *debts, size_t count,
                struct bank_verdict *out)
{
    static bool (*const proofs[])(struct matching *) = {
        match_virtual_account, match_ksef,          match_reference,
        match_numbers,         match_payer_account, match_name,
    };
    struct matching m = {.entry = entry, .debts = debts, .count = count, .out = out};
    assert(count <= BANK_MATCH_CANDIDATES_MAX);
    *out = (struct bank_verdict){.decision = BANK_UNMATCHED};
    if (!is_money_in(entry) || entry->is_unclear) {
        out->reason = entry->is_unclear ? BANK_REASON_PARTS_UNCLEAR : BANK_REASON_NOT_MONEY_IN;
        return;
    }
    row_make(&m.title, entry->title);
    read_split(&m);
    for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); ++i)
        if (proofs[i](&m))
            return;
}
