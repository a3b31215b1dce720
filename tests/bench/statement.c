/* Reads a statement in pieces and matches each entry with twenty debts: `bench_statement FILE`,
 * made by statement.mjs. Prints seconds, the peak of resident memory in kB, entries and how many of
 * them would be booked. */
#include "base/clock.h"
#include "domain/bank_match.h"
#include "flow/camt_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { DEBT_COUNT = 20, PIECE = 64 * 1024 };

struct run {
    long entry_count, booked_count;
};

static int on_statement(void *owner, const struct bank_statement *s, struct err *err)
{
    (void)owner, (void)s, (void)err;
    return 0;
}

/* The entry's own invoice among others, as a look-up would find them: entry n is for FV/n/2026. */
static int on_entry(void *owner, const struct bank_statement *s, const struct bank_entry *e,
                    struct err *err)
{
    struct run *run = owner;
    struct bank_debt debts[DEBT_COUNT];
    struct bank_verdict verdict;
    char numbers[DEBT_COUNT][24];
    (void)s, (void)err;
    for (int i = 0; i < DEBT_COUNT; ++i) {
        snprintf(numbers[i], sizeof(numbers[i]), "FV/%06ld/2026", run->entry_count + i);
        debts[i] = (struct bank_debt){.number = span_str(numbers[i]), .due = e->amount};
    }
    bank_match(e, debts, DEBT_COUNT, &verdict);
    ++run->entry_count;
    run->booked_count += verdict.decision == BANK_BOOKED && verdict.debts[0] == 0 ? 1 : 0;
    return 0;
}

int main(int argc, char **argv)
{
    static char piece[PIECE];
    FILE *file = argc == 2 ? fopen(argv[1], "re") : NULL;
    if (file == NULL)
        return 2;
    struct run run = {.entry_count = 0};
    struct err err = {.code = 0};
    struct camt_reader *reader =
        camt_reader_new(&(struct statement_sink){.owner = &run,
                                                 .on_statement_begun = on_statement,
                                                 .on_entry_read = on_entry,
                                                 .on_statement_ended = on_statement});
    struct mono from = clock_mono();
    int rc = 0;
    size_t len;
    while (rc == 0 && (len = fread(piece, 1, sizeof(piece), file)) > 0)
        rc = camt_reader_feed(reader, span_of(piece, len), &err);
    if (rc == 0)
        rc = camt_reader_finish(reader, &err);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%.6f %ld %ld %ld\n", (double)mono_us_since(from, clock_mono()) / 1e6, usage.ru_maxrss,
           run.entry_count, run.booked_count);
    if (rc != 0)
        fprintf(stderr, "%s\n", err.text);
    camt_reader_free(reader);
    fclose(file);
    return rc != 0;
}
