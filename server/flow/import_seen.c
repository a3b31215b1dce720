#include "flow/import_seen.h"

#include <stdlib.h>

/* A number that may stand in the file twice, and what its first row said (0: not seen yet). */
struct suspects {
    const uint64_t *numbers; /* sorted; the survey's */
    uint64_t *said;
    size_t count;
};

/* The debts of a campaign's rows so far: fingerprints, 0 is an empty place. Never more than half
 * full: eight bytes a row twice over, and campaigns are bounded. */
struct debts {
    uint64_t *seen; /* null: no campaign's */
    size_t room;
};

/* What the rows so far said of each customer's channels: 51 bits of the reference's fingerprint,
 * and what was said in the others; 0 is an empty place. Never more than half full. Eight bytes a
 * customer twice over, of files alone that have such columns, and bounded. */
struct told {
    uint64_t *places; /* null: the file has no such column */
    size_t room, count;
};

enum { TOLD_MAX = 2000000, TOLD_ROOM_FIRST = 1024 };

struct import_seen {
    struct suspects suspects;
    struct debts debts;
    struct told told;
};

static void *must_calloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        abort();
    return memory;
}

/* A power of two, at least twice as many. */
static size_t room_for(size_t rows)
{
    size_t room = 64;
    while (room < 2 * rows)
        room *= 2;
    return room;
}

static bool tells_channels(const struct csv_shape *shape)
{
    bool tells = false;
    for (int column = CSV_PREFERRED; column < CSV_COLUMN_COUNT; ++column)
        tells = tells || shape->columns.at[column] >= 0;
    return tells;
}

struct import_seen *import_seen_new(const struct csv_survey *survey, const struct csv_shape *shape,
                                    bool is_campaign)
{
    struct import_seen *seen = must_calloc(1, sizeof *seen);
    size_t rows = (size_t)csv_survey_row_count(survey);
    seen->suspects.numbers = csv_survey_suspects(survey, &seen->suspects.count);
    seen->suspects.said = must_calloc(seen->suspects.count + 1, sizeof(uint64_t));
    if (is_campaign) {
        seen->debts.room = room_for(rows);
        seen->debts.seen = must_calloc(seen->debts.room, sizeof *seen->debts.seen);
    }
    if (tells_channels(shape)) {
        seen->told.room = TOLD_ROOM_FIRST;
        seen->told.places = must_calloc(seen->told.room, sizeof *seen->told.places);
    }
    return seen;
}

void import_seen_free(struct import_seen *seen)
{
    if (seen == NULL)
        return;
    free(seen->suspects.said);
    free(seen->debts.seen);
    free(seen->told.places);
    free(seen);
}

bool import_seen_needs_all(const struct import_seen *seen)
{
    return seen->suspects.count > 0 || seen->debts.seen != NULL || seen->told.places != NULL;
}

/* The place of a suspect's number, or null. */
static uint64_t *suspect_said(struct suspects *s, uint64_t number)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->numbers[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->count && s->numbers[low] == number ? &s->said[low] : NULL;
}

/* False: a row before it has the same debt of the same telephone. */
static bool debts_add(struct debts *d, uint64_t fingerprint)
{
    uint64_t wanted = fingerprint == 0 ? 1 : fingerprint;
    size_t at = (size_t)(wanted ^ wanted >> 29) & (d->room - 1);
    for (; d->seen[at] != 0; at = (at + 1) & (d->room - 1))
        if (d->seen[at] == wanted)
            return false;
    d->seen[at] = wanted;
    return true;
}

/* The customer's place, or an empty one. */
static uint64_t *told_place(const struct told *t, uint64_t fingerprint)
{
    size_t at = (size_t)(fingerprint >> CONTACT_SAID_BITS) & (t->room - 1);
    while (t->places[at] != 0 &&
           t->places[at] >> CONTACT_SAID_BITS != fingerprint >> CONTACT_SAID_BITS)
        at = (at + 1) & (t->room - 1);
    return &t->places[at];
}

static void told_grow(struct told *t)
{
    struct told grown = {.room = 2 * t->room, .count = t->count};
    grown.places = must_calloc(grown.room, sizeof *grown.places);
    for (size_t i = 0; i < t->room; ++i)
        if (t->places[i] != 0)
            *told_place(&grown, t->places[i]) = t->places[i];
    free(t->places);
    *t = grown;
}

static enum import_repeat spoil(struct import_fault *fault, const struct import_row *row,
                                enum csv_column column, struct span value, const char *reason)
{
    *fault = (struct import_fault){.line = row->line,
                                   .column = csv_column_name(column),
                                   .value = value,
                                   .raw = row->raw,
                                   .reason = reason};
    return IMPORT_ROW_BAD;
}

static struct span word_of(const struct contact_said *said, enum contact_channel channel)
{
    if (channel == CONTACT_NONE)
        return span_str(contact_channel_name(said->preferred));
    return said->yes & 1u << channel ? SPAN_LIT("yes") : SPAN_LIT("no");
}

static enum import_repeat note_said(struct told *t, const struct import_row *row,
                                    struct import_fault *fault)
{
    enum contact_channel channel;
    if (2 * t->count >= t->room)
        told_grow(t);
    uint64_t fingerprint = csv_number_fingerprint(row->reference);
    uint64_t *place = told_place(t, fingerprint);
    struct contact_said before = contact_said_of(*place & ((1u << CONTACT_SAID_BITS) - 1));
    if (contact_said_contradicts(&row->said, &before, &channel))
        return spoil(fault, row,
                     channel == CONTACT_NONE ? CSV_PREFERRED
                                             : (enum csv_column)(CSV_CONSENT + (int)channel),
                     word_of(&row->said, channel),
                     "another row of this file says otherwise of this customer");
    if (*place == 0 && t->count == TOLD_MAX)
        return spoil(fault, row, CSV_CUSTOMER, row->reference,
                     "the file tells the channels of more than 2000000 customers: split it");
    t->count += *place == 0;
    struct contact_said now = contact_said_and(&row->said, &before);
    *place = fingerprint >> CONTACT_SAID_BITS << CONTACT_SAID_BITS | contact_said_word(&now);
    return IMPORT_ROW_NEW;
}

static enum import_repeat note_number(struct suspects *s, const struct import_row *row,
                                      struct import_fault *fault)
{
    uint64_t *said = suspect_said(s, row->number_fingerprint);
    if (said == NULL)
        return IMPORT_ROW_NEW;
    if (*said == 0) {
        *said = row->fingerprint;
        return IMPORT_ROW_NEW;
    }
    if (*said == row->fingerprint)
        return IMPORT_ROW_SAME;
    return spoil(fault, row, CSV_NUMBER, row->number,
                 "another row of this file has the same invoice number");
}

enum import_repeat import_seen_note(struct import_seen *seen, const struct import_row *row,
                                    struct import_fault *fault)
{
    if (seen->debts.seen != NULL && !debts_add(&seen->debts, row->debt_fingerprint))
        return spoil(fault, row, CSV_PHONE, row->phone,
                     "a row above has the same telephone number and the same debt");
    enum import_repeat repeat = note_number(&seen->suspects, row, fault);
    if (repeat != IMPORT_ROW_NEW || !contact_said_anything(&row->said))
        return repeat;
    return note_said(&seen->told, row, fault);
}
