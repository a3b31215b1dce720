/* Texts of the entry at hand lie one behind another in an arena, as its parts wait there until
 * their sum is known. */
#include "flow/camt_statement.h"

#include "base/buf.h"
#include "domain/csv_value.h"
#include "flow/camt_reader.h"
#include "flow/entry_ordinals.h"

#include <assert.h>
#include <stdlib.h>

enum {
    TITLE_MAX = 16384,
    ARENA_MAX = 8 * 1024 * 1024, /* all texts of one entry */
    USTRD_FULL = 140,
    TITLE_LINE = 35, /* letters that fill a line of a title */
};

/* A text in the arena, which may move while it grows. */
struct piece {
    size_t at, len;
};

struct amount {
    bool is_told, is_other; /* of another currency than the account's */
    int64_t minor;
};

/* TxDtls. */
struct part {
    struct amount own, moved, asked;
    int direction; /* enum bank_direction, or 0 */
    struct piece reference, end_to_end, transaction, return_reason, name, title, info;
    char payer_account[IBAN_LEN_MAX + 1];
    char paid_to[BANK_PAID_TO_MAX][IBAN_LEN_MAX + 1];
    size_t paid_to_count;
};

/* Ntry. */
struct whole {
    int64_t line, batch_count;
    struct amount amount;
    int direction;
    bool is_reversal, has_booked, has_valued;
    enum bank_entry_status status;
    int32_t booked_on, valued_on;
    struct piece reference, info;
    struct part *parts;
    size_t part_count, part_room;
};

struct balance {
    char code[5];
    struct amount amount;
    int direction;
    bool has_day;
    int32_t day;
};

struct camt_statement {
    struct statement_sink sink;
    int64_t line;     /* of the element at hand */
    char currency[4]; /* its Ccy */
    struct span text;
    struct buf title, arena;

    struct bank_statement statement;
    bool is_begun, has_statement, has_opening, has_closing, is_opening_sure, has_account;
    bool is_page_first, is_page_last;
    struct balance balance;
    int told_net_direction;
    struct amount told_net;
    struct whole whole;
    struct part part;
    struct entry_ordinals ordinals;
    int64_t entry_count;

    int rc;
    struct err err;
};

/* ---- refusing ---- */

/* The first refusal ends the reading. */
static void refuse_at(struct camt_statement *r, int64_t line, const char *what)
{
    if (r->rc == 0)
        r->rc = err_set(&r->err, ERR_INPUT, "line %lld: %s", (long long)line, what);
}

static void refuse(struct camt_statement *r, const char *what)
{
    refuse_at(r, r->line, what);
}

static void stop_with(struct camt_statement *r, int rc)
{
    if (r->rc == 0)
        r->rc = rc;
}

/* ---- small readers ---- */

static void copy_text(const struct camt_statement *r, char *out, size_t room)
{
    struct span s = r->text;
    s.len = s.len < room ? s.len : room;
    s.len = span_whole_len(s);
    memcpy(out, s.base, s.len);
    out[s.len] = 0;
}

static struct piece keep(struct camt_statement *r, struct span s)
{
    struct piece piece = {buf_span(&r->arena).len, s.len};
    buf_add(&r->arena, s);
    if (!buf_is_overflowed(&r->arena))
        return piece;
    refuse(r, "the entry's texts are too long");
    return (struct piece){0, 0};
}

static struct span kept(const struct camt_statement *r, struct piece piece)
{
    return span_of(buf_span(&r->arena).base + piece.at, piece.len);
}

static struct piece keep_reference(struct camt_statement *r)
{
    struct span s = r->text;
    return span_is_str(s, "NOTPROVIDED") ? (struct piece){0, 0} : keep(r, s);
}

/* The amount at hand. One in another currency is told as such where it may be. */
static struct amount read_amount(struct camt_statement *r, bool may_be_other)
{
    struct amount out = {.is_told = true};
    char *ours = r->statement.currency;
    if (currency_exponent(span_str(r->currency)) < 0) {
        refuse(r, "the amount has no known currency");
        return out;
    }
    if (ours[0] == 0)
        memcpy(ours, r->currency, sizeof(r->currency));
    out.is_other = strcmp(ours, r->currency) != 0;
    if (out.is_other && !may_be_other)
        refuse(r, "the amount's currency is not the account's");
    enum bank_amount_mistake mistake =
        bank_amount_read(r->text, currency_exponent(span_str(r->currency)), '.', &out.minor);
    if (mistake != BANK_AMOUNT_GOOD)
        refuse(r, bank_amount_mistake_text(mistake));
    return out;
}

static int read_direction(struct camt_statement *r)
{
    if (span_is_str(r->text, "CRDT"))
        return BANK_CREDIT;
    if (span_is_str(r->text, "DBIT"))
        return BANK_DEBIT;
    refuse(r, "a direction is CRDT or DBIT");
    return 0;
}

static bool read_bool(struct camt_statement *r)
{
    struct span s = r->text;
    bool is_true = span_is_str(s, "true") || span_is_str(s, "1");
    if (!is_true && !span_is_str(s, "false") && !span_is_str(s, "0"))
        refuse(r, "this is neither true nor false");
    return is_true;
}

/* A day, or the day of an instant in the bank's own time. */
static int32_t read_day(struct camt_statement *r)
{
    struct span s = r->text;
    struct date date;
    bool is_shaped = s.len >= 10 && s.base[4] == '-' && s.base[7] == '-';
    if (is_shaped && csv_value_date(span_of(s.base, 10), &date) == CSV_GOOD)
        return date_to_days(date);
    refuse(r, "this is no day of the calendar, such as 2028-01-31");
    return 0;
}

static int64_t read_count(struct camt_statement *r)
{
    struct span s = r->text;
    int64_t count = 0;
    bool is_good = s.len > 0 && s.len <= 15;
    for (size_t i = 0; is_good && i < s.len; ++i) {
        is_good = s.base[i] >= '0' && s.base[i] <= '9';
        count = count * 10 + (s.base[i] - '0');
    }
    if (!is_good)
        refuse(r, "this is not a number of entries");
    return count;
}

/* Sums have no currency of their own. */
static struct amount read_sum(struct camt_statement *r)
{
    if (r->statement.currency[0] == 0)
        refuse(r, "the sum stands before the account's currency");
    memcpy(r->currency, r->statement.currency, sizeof(r->currency));
    return read_amount(r, false);
}

static void read_account(struct camt_statement *r, char out[IBAN_LEN_MAX + 1])
{
    char iban[IBAN_LEN_MAX + 1];
    if (out[0] == 0 && iban_normalise(r->text, iban) == IBAN_GOOD)
        memcpy(out, iban, sizeof(iban));
}

/* ---- a statement ---- */

static void begin_statement(struct camt_statement *r)
{
    r->statement = (struct bank_statement){.line = r->line};
    r->is_begun = r->has_opening = r->has_closing = r->is_opening_sure = r->has_account = false;
    r->told_net = (struct amount){.is_told = false};
    r->told_net_direction = 0;
    r->entry_count = 0;
    entry_ordinals_reset(&r->ordinals);
}

static void take_account(struct camt_statement *r)
{
    struct bank_statement *s = &r->statement;
    copy_text(r, s->account_text, BANK_ID_MAX);
    read_account(r, s->account);
    r->has_account = s->account_text[0] != 0;
}

static void take_currency(struct camt_statement *r)
{
    struct span s = r->text;
    if (currency_exponent(s) < 0)
        refuse(r, "the account has no known currency");
    else
        memcpy(r->statement.currency, s.base, 3);
}

/* Only what is booked: OPBD, or PRCD where there is none, and CLBD. */
static void end_balance(struct camt_statement *r)
{
    struct balance *b = &r->balance;
    bool is_opening = strcmp(b->code, "OPBD") == 0, is_previous = strcmp(b->code, "PRCD") == 0;
    bool is_closing = strcmp(b->code, "CLBD") == 0;
    if (!is_opening && !is_previous && !is_closing)
        return;
    if (!b->amount.is_told || b->direction == 0 || !b->has_day) {
        refuse(r, "the balance has no amount, direction or day");
        return;
    }
    int64_t minor = b->direction == BANK_CREDIT ? b->amount.minor : -b->amount.minor;
    if (is_closing) {
        r->statement.closing_minor = minor;
        r->statement.closed_on = b->day;
        r->has_closing = true;
    } else if (is_opening || !r->is_opening_sure) {
        r->statement.opening_minor = minor;
        r->statement.opened_on = b->day;
        r->has_opening = true;
        r->is_opening_sure = r->is_opening_sure || is_opening;
    }
}

static void tell_statement(struct camt_statement *r)
{
    if (r->is_begun || r->rc != 0)
        return;
    r->is_begun = true;
    if (!r->is_page_first || !r->is_page_last)
        refuse(r, "the file is one page of several: a statement is taken whole");
    else if (!r->has_account)
        refuse(r, "the statement has no account");
    else if (!r->has_opening)
        refuse(r, "the statement has no opening balance (OPBD or PRCD)");
    else if (!r->has_closing)
        refuse(r, "the statement has no closing balance (CLBD)");
    else
        stop_with(r, r->sink.on_statement_begun(r->sink.owner, &r->statement, &r->err));
}

static void end_statement(struct camt_statement *r)
{
    struct bank_statement *s = &r->statement;
    tell_statement(r);
    if (r->rc != 0)
        return;
    s->has_net = r->told_net.is_told && r->told_net_direction != 0;
    s->net_minor = r->told_net_direction == BANK_DEBIT ? -r->told_net.minor : r->told_net.minor;
    enum bank_statement_mistake mistake = bank_statement_check(s);
    if (mistake != BANK_STATEMENT_GOOD) {
        refuse_at(r, s->line, bank_statement_mistake_text(mistake));
        return;
    }
    r->has_statement = true;
    stop_with(r, r->sink.on_statement_ended(r->sink.owner, s, &r->err));
}

/* ---- an entry ---- */

static void begin_entry(struct camt_statement *r)
{
    struct part *parts = r->whole.parts;
    size_t room = r->whole.part_room;
    tell_statement(r);
    r->whole = (struct whole){.line = r->line, .parts = parts, .part_room = room};
    buf_reset(&r->arena);
    if (++r->entry_count > STATEMENT_ENTRIES_MAX)
        refuse(r, "the statement has more entries than we take");
}

static void take_status(struct camt_statement *r)
{
    static const struct {
        const char *word;
        enum bank_entry_status status;
    } words[] = {{"BOOK", BANK_ENTRY_BOOKED},
                 {"PDNG", BANK_ENTRY_PENDING},
                 {"INFO", BANK_ENTRY_INFORMATION}};
    if (r->text.len == 0) /* version 08 has an element in it */
        return;
    r->whole.status = BANK_ENTRY_UNKNOWN;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); ++i)
        if (span_is_str(r->text, words[i].word))
            r->whole.status = words[i].status;
}

static void begin_part(struct camt_statement *r)
{
    r->part = (struct part){.direction = 0};
    buf_reset(&r->title);
}

static size_t letter_count(struct span s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.len; ++i)
        count += ((unsigned char)s.base[i] & 0xc0) != 0x80 ? 1 : 0;
    return count;
}

/* A full line may go on in the middle of a word; behind a shorter one a new word begins. */
static void add_to_title(struct camt_statement *r)
{
    struct span before = buf_span(&r->title);
    size_t letters = letter_count(before);
    bool is_full = letters > 0 && (letters % USTRD_FULL == 0 || letters == TITLE_LINE);
    if (before.len > 0 && r->text.len > 0 && !is_full)
        buf_add_char(&r->title, ' ');
    buf_add(&r->title, r->text);
    if (buf_is_overflowed(&r->title))
        refuse(r, "the title is too long");
}

static void take_paid_to(struct camt_statement *r)
{
    char iban[IBAN_LEN_MAX + 1] = "";
    struct part *p = &r->part;
    read_account(r, iban);
    bool is_new = iban[0] != 0 && strcmp(iban, r->statement.account) != 0;
    for (size_t i = 0; i < p->paid_to_count; ++i)
        is_new = is_new && strcmp(iban, p->paid_to[i]) != 0;
    if (is_new && p->paid_to_count < BANK_PAID_TO_MAX)
        memcpy(p->paid_to[p->paid_to_count++], iban, sizeof(iban));
}

static void end_part(struct camt_statement *r)
{
    struct whole *w = &r->whole;
    r->part.title = keep(r, csv_trim(buf_span(&r->title)));
    if (w->part_count == CAMT_PARTS_MAX) {
        refuse(r, "the entry has more parts than we take");
        return;
    }
    if (w->part_count == w->part_room) {
        w->part_room = w->part_room == 0 ? 4 : w->part_room * 2;
        w->parts = realloc(w->parts, w->part_room * sizeof(*w->parts));
        if (w->parts == NULL)
            abort();
    }
    w->parts[w->part_count++] = r->part;
}

/* Which of a part's amounts is its own, if any is in the account's currency. */
static const struct amount *amount_of(const struct part *p)
{
    const struct amount *told[] = {&p->own, &p->moved, &p->asked};
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); ++i)
        if (told[i]->is_told && !told[i]->is_other)
            return told[i];
    return NULL;
}

static int direction_of(const struct whole *w, const struct part *p)
{
    return p->direction != 0 ? p->direction : w->direction;
}

/* Whether each part has an amount and all together are the entry. */
static bool are_parts_clear(const struct whole *w)
{
    int64_t left_minor = w->amount.minor;
    if (w->batch_count > 0 && w->batch_count != (int64_t)(w->part_count == 0 ? 1 : w->part_count))
        return false;
    if (w->part_count < 2)
        return true;
    for (size_t i = 0; i < w->part_count; ++i) {
        const struct amount *amount = amount_of(&w->parts[i]);
        if (amount == NULL)
            return false;
        bool is_same_way = direction_of(w, &w->parts[i]) == w->direction;
        left_minor -= is_same_way ? amount->minor : -amount->minor;
    }
    return left_minor == 0;
}

static void fill_from_part(const struct camt_statement *r, const struct part *p,
                           struct bank_entry *e)
{
    if (e->bank_reference.len == 0 || e->part_count > 1)
        e->bank_reference = p->reference.len > 0 ? kept(r, p->reference) : e->bank_reference;
    e->end_to_end_id = kept(r, p->end_to_end);
    e->transaction_id = kept(r, p->transaction);
    e->return_reason = kept(r, p->return_reason);
    if (p->title.len > 0 || p->info.len > 0)
        e->title = kept(r, p->title.len > 0 ? p->title : p->info);
    if (e->direction == BANK_CREDIT || e->is_reversal) {
        e->payer_name = kept(r, p->name);
        memcpy(e->payer_account, p->payer_account, sizeof(e->payer_account));
        memcpy(e->paid_to, p->paid_to, sizeof(e->paid_to));
        e->paid_to_count = p->paid_to_count;
    }
}

static void tell_entry(struct camt_statement *r, struct bank_entry *e)
{
    uint8_t key[BANK_ENTRY_KEY_LEN];
    if (r->rc != 0)
        return;
    bank_entry_key(&r->statement, e, key);
    /* What is not booked is told in some files and gone in others: it shifts no number. */
    e->ordinal = e->status == BANK_ENTRY_BOOKED ? entry_ordinals_next(&r->ordinals, key) : 1;
    stop_with(r, r->sink.on_entry_read(r->sink.owner, &r->statement, e, &r->err));
}

static struct bank_entry entry_of(const struct camt_statement *r)
{
    const struct whole *w = &r->whole;
    return (struct bank_entry){
        .line = w->line,
        .booked_on = w->has_booked   ? w->booked_on
                     : w->has_valued ? w->valued_on
                                     : r->statement.closed_on,
        .valued_on = w->has_valued   ? w->valued_on
                     : w->has_booked ? w->booked_on
                                     : r->statement.closed_on,
        .amount = money_of(w->amount.minor, r->statement.currency),
        .direction = (enum bank_direction)w->direction,
        .status = w->status,
        .is_reversal = w->is_reversal,
        .bank_reference = kept(r, w->reference),
        .title = kept(r, w->info),
        .part_no = 1,
        .part_count = 1,
    };
}

static void tell_parts(struct camt_statement *r)
{
    const struct whole *w = &r->whole;
    for (size_t i = 0; i < w->part_count && r->rc == 0; ++i) {
        struct bank_entry e = entry_of(r);
        e.part_no = (int32_t)i + 1;
        e.part_count = (int32_t)w->part_count;
        e.amount.minor = amount_of(&w->parts[i])->minor;
        e.direction = (enum bank_direction)direction_of(w, &w->parts[i]);
        fill_from_part(r, &w->parts[i], &e);
        tell_entry(r, &e);
    }
}

static void check_entry(struct camt_statement *r)
{
    const struct whole *w = &r->whole;
    bool is_booked = w->status == BANK_ENTRY_BOOKED;
    if (!w->amount.is_told || w->direction == 0)
        refuse(r, "the entry has no amount or no direction");
    else if (w->status == 0)
        refuse(r, "the entry has no status");
    else if (is_booked && !w->has_booked && !w->has_valued)
        refuse(r, "the entry has no day");
    else if (is_booked && !bank_statement_count(&r->statement, (enum bank_direction)w->direction,
                                                w->amount.minor))
        refuse(r, bank_amount_mistake_text(BANK_AMOUNT_TOO_LARGE));
}

static void end_entry(struct camt_statement *r)
{
    const struct whole *w = &r->whole;
    check_entry(r);
    if (r->rc != 0)
        return;
    bool is_clear = are_parts_clear(w);
    if (is_clear && w->part_count > 1) {
        tell_parts(r);
        return;
    }
    struct bank_entry e = entry_of(r);
    e.is_unclear = !is_clear;
    if (is_clear && w->part_count == 1)
        fill_from_part(r, &w->parts[0], &e);
    tell_entry(r, &e);
}

/* ---- elements ---- */

static void begin_node(struct camt_statement *r, enum camt_node node)
{
    if (node == NODE_STMT)
        begin_statement(r);
    else if (node == NODE_BAL)
        r->balance = (struct balance){.direction = 0};
    else if (node == NODE_NTRY)
        begin_entry(r);
    else if (node == NODE_TX)
        begin_part(r);
}

static void end_of_head(struct camt_statement *r, enum camt_node node)
{
    struct bank_statement *s = &r->statement;
    struct balance *b = &r->balance;
    switch (node) {
    case NODE_HEAD_PAGE_NO:
    case NODE_STMT_PAGE_NO:
        r->is_page_first = r->is_page_first && read_count(r) == 1;
        break;
    case NODE_HEAD_PAGE_LAST:
    case NODE_STMT_PAGE_LAST:
        r->is_page_last = r->is_page_last && read_bool(r);
        break;
    case NODE_STMT:
        end_statement(r);
        break;
    case NODE_STMT_ID:
        copy_text(r, s->id, BANK_ID_MAX);
        break;
    case NODE_STMT_NUMBER:
        copy_text(r, s->number, BANK_ID_MAX);
        break;
    case NODE_STMT_COPY:
        s->is_copy = true;
        break;
    case NODE_ACCT_IBAN:
    case NODE_ACCT_OTHER_ID:
        take_account(r);
        break;
    case NODE_ACCT_CCY:
        take_currency(r);
        break;
    case NODE_BAL:
        end_balance(r);
        break;
    case NODE_BAL_CODE:
        copy_text(r, b->code, sizeof(b->code) - 1);
        break;
    case NODE_BAL_AMOUNT:
        b->amount = read_amount(r, false);
        break;
    case NODE_BAL_DIRECTION:
        b->direction = read_direction(r);
        break;
    case NODE_BAL_DAY:
    case NODE_BAL_TIME:
        b->day = read_day(r);
        b->has_day = true;
        break;
    default:
        break;
    }
}

static void take_told_count(struct camt_statement *r, struct bank_told *told)
{
    told->count = read_count(r);
    told->has_count = true;
}

static void take_told_sum(struct camt_statement *r, struct bank_told *told)
{
    told->sum_minor = read_sum(r).minor;
    told->has_sum = true;
}

static void end_of_summary(struct camt_statement *r, enum camt_node node)
{
    struct bank_statement *s = &r->statement;
    switch (node) {
    case NODE_TOLD_ALL_COUNT:
        take_told_count(r, &s->told_all);
        break;
    case NODE_TOLD_ALL_SUM:
        take_told_sum(r, &s->told_all);
        break;
    case NODE_TOLD_CREDITS_COUNT:
        take_told_count(r, &s->told_credits);
        break;
    case NODE_TOLD_CREDITS_SUM:
        take_told_sum(r, &s->told_credits);
        break;
    case NODE_TOLD_DEBITS_COUNT:
        take_told_count(r, &s->told_debits);
        break;
    case NODE_TOLD_DEBITS_SUM:
        take_told_sum(r, &s->told_debits);
        break;
    case NODE_TOLD_NET_OLD:
    case NODE_TOLD_NET_AMOUNT:
        r->told_net = read_sum(r);
        break;
    case NODE_TOLD_NET_OLD_DIRECTION:
    case NODE_TOLD_NET_DIRECTION:
        r->told_net_direction = read_direction(r);
        break;
    default:
        break;
    }
}

static void end_of_entry(struct camt_statement *r, enum camt_node node)
{
    struct whole *w = &r->whole;
    switch (node) {
    case NODE_NTRY:
        end_entry(r);
        break;
    case NODE_NTRY_AMOUNT:
        w->amount = read_amount(r, false);
        break;
    case NODE_NTRY_DIRECTION:
        w->direction = read_direction(r);
        break;
    case NODE_NTRY_REVERSAL:
        w->is_reversal = read_bool(r);
        break;
    case NODE_NTRY_STATUS:
    case NODE_NTRY_STATUS_CODE:
    case NODE_NTRY_STATUS_OWN:
        take_status(r);
        break;
    case NODE_NTRY_BOOKED_DAY:
    case NODE_NTRY_BOOKED_TIME:
        w->booked_on = read_day(r);
        w->has_booked = true;
        break;
    case NODE_NTRY_VALUED_DAY:
    case NODE_NTRY_VALUED_TIME:
        w->valued_on = read_day(r);
        w->has_valued = true;
        break;
    case NODE_NTRY_REFERENCE:
        w->reference = keep_reference(r);
        break;
    case NODE_NTRY_INFO:
        w->info = keep(r, r->text);
        break;
    case NODE_BATCH_COUNT:
        w->batch_count += read_count(r);
        break;
    default:
        break;
    }
}

static void end_of_part(struct camt_statement *r, enum camt_node node)
{
    struct part *p = &r->part;
    switch (node) {
    case NODE_TX:
        end_part(r);
        break;
    case NODE_TX_REFERENCE:
        p->reference = keep_reference(r);
        break;
    case NODE_TX_END_TO_END:
        p->end_to_end = keep_reference(r);
        break;
    case NODE_TX_ID:
        p->transaction = keep_reference(r);
        break;
    case NODE_TX_AMOUNT:
        p->own = read_amount(r, true);
        break;
    case NODE_TX_DIRECTION:
        p->direction = read_direction(r);
        break;
    case NODE_TX_AMOUNTS_TX_AMOUNT:
        p->moved = read_amount(r, true);
        break;
    case NODE_TX_AMOUNTS_ASKED_AMOUNT:
        p->asked = read_amount(r, true);
        break;
    case NODE_TX_DEBTOR_NAME:
    case NODE_TX_DEBTOR_PARTY_NAME:
        p->name = keep(r, r->text);
        break;
    case NODE_TX_FROM_IBAN:
    case NODE_TX_FROM_OTHER_ID:
        read_account(r, p->payer_account);
        break;
    case NODE_TX_OWN_REF:
    case NODE_TX_TO_IBAN:
    case NODE_TX_TO_OTHER_ID:
        take_paid_to(r);
        break;
    case NODE_TX_TEXT:
    case NODE_TX_DOCUMENT_NUMBER:
    case NODE_TX_CREDITOR_REF_REF:
    case NODE_TX_STRUCTURED_TEXT:
        add_to_title(r);
        break;
    case NODE_TX_RETURN_CODE:
        p->return_reason = keep(r, r->text);
        break;
    case NODE_TX_INFO:
        p->info = keep(r, r->text);
        break;
    default:
        break;
    }
}

static void end_node(struct camt_statement *r, enum camt_node node)
{
    if (node < NODE_SUMMARY)
        end_of_head(r, node);
    else if (node < NODE_NTRY)
        end_of_summary(r, node);
    else if (node < NODE_TX)
        end_of_entry(r, node);
    else
        end_of_part(r, node);
}

/* ---- the whole ---- */

struct camt_statement *camt_statement_new(const struct statement_sink *sink)
{
    struct camt_statement *r = calloc(1, sizeof(*r));
    if (r == NULL)
        abort();
    r->sink = *sink;
    r->is_page_first = r->is_page_last = true;
    buf_init(&r->title, TITLE_MAX);
    buf_init(&r->arena, ARENA_MAX);
    entry_ordinals_init(&r->ordinals);
    return r;
}

void camt_statement_free(struct camt_statement *r)
{
    buf_release(&r->title);
    buf_release(&r->arena);
    entry_ordinals_release(&r->ordinals);
    free(r->whole.parts);
    free(r);
}

static int told(const struct camt_statement *r, struct err *err)
{
    if (r->rc != 0 && err != NULL)
        *err = r->err;
    return r->rc;
}

int camt_statement_begin(struct camt_statement *r, enum camt_node node, int64_t line,
                         const char *currency, struct err *err)
{
    assert(r->rc == 0);
    r->line = line;
    memcpy(r->currency, currency, strlen(currency) + 1);
    begin_node(r, node);
    return told(r, err);
}

int camt_statement_end(struct camt_statement *r, enum camt_node node, int64_t line,
                       struct span text, struct err *err)
{
    assert(r->rc == 0);
    r->line = line;
    r->text = text;
    end_node(r, node);
    return told(r, err);
}

bool camt_statement_is_there(const struct camt_statement *r)
{
    return r->has_statement;
}
