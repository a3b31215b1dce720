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

struct import_seen {
    struct suspects suspects;
    struct debts debts;
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

struct import_seen *import_seen_new(const struct csv_survey *survey, bool is_campaign)
{
    struct import_seen *seen = must_calloc(1, sizeof *seen);
    size_t rows = (size_t)csv_survey_row_count(survey);
    seen->suspects.numbers = csv_survey_suspects(survey, &seen->suspects.count);
    seen->suspects.said = must_calloc(seen->suspects.count + 1, sizeof(uint64_t));
    if (is_campaign) {
        seen->debts.room = room_for(rows);
        seen->debts.seen = must_calloc(seen->debts.room, sizeof *seen->debts.seen);
    }
    return seen;
}

void import_seen_free(struct import_seen *seen)
{
    if (seen == NULL)
        return;
    free(seen->suspects.said);
    free(seen->debts.seen);
    free(seen);
}

bool import_seen_needs_all(const struct import_seen *seen)
{
    return seen->suspects.count > 0 || seen->debts.seen != NULL;
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

enum import_repeat import_seen_note(struct import_seen *seen, const struct import_row *row,
                                    struct import_fault *fault)
{
    if (seen->debts.seen != NULL && !debts_add(&seen->debts, row->debt_fingerprint))
        return spoil(fault, row, CSV_PHONE, row->phone,
                     "a row above has the same telephone number and the same debt");
    uint64_t *said = suspect_said(&seen->suspects, row->number_fingerprint);
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
