/* MT940 as Polish banks send it (SWIFT category 9, with their habits), read as it comes, a line at
 * a time. A mistake in what money is counted by refuses the file, with its line; the banks'
 * freedoms in references and texts do not. */
#ifndef DUNLIN_FLOW_MT940_READER_H
#define DUNLIN_FLOW_MT940_READER_H

#include "domain/bank_details.h"
#include "domain/bank_text.h"
#include "flow/entry_ordinals.h"
#include "flow/statement_sink.h"

struct mt940_reader {
    struct statement_sink sink_;
    enum bank_charset charset_;
    struct buf line_, value_, text_, reference_, end_to_end_, extra_, whole_;
    char tag_[4];
    int64_t line_no_, tag_line_;
    int state_;
    bool is_after_cr_, has_statement_, has_entry_, has_account_;
    struct bank_statement statement_;
    struct bank_entry entry_;
    struct bank_details details_;
    struct entry_ordinals ordinals_;
    int64_t entry_count_;
};

/* `charset` is not BANK_CHARSET_AUTO: see bank_charset_guess(). */
void mt940_reader_init(struct mt940_reader *, enum bank_charset charset,
                       const struct statement_sink *sink);
void mt940_reader_release(struct mt940_reader *);
/* Takes the next bytes of the file. 0, ERR_INPUT for what is no statement ("line 7: …", without the
 * file's own words), or what the sink returned. After an error only release may follow. */
MUST_CHECK int mt940_reader_feed(struct mt940_reader *, struct span bytes, struct err *);
/* The file has ended: tells what is missing. */
MUST_CHECK int mt940_reader_finish(struct mt940_reader *, struct err *);

#endif
