/* A provider's settlement file. What is taken adds up, has ids and days, and no line twice; what is
 * not is told. Read again it is judged the same. */
#include "flow/payout_file.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_line(const struct payout_file_line *l)
{
    assert(l->line > 1);
    assert(l->payout_id.len > 0 && l->payout_id.len <= PAYOUT_ID_MAX);
    assert(l->movement.len > 0 && l->movement.len <= PAYOUT_ID_MAX);
    assert(l->kind < PAYOUT_KIND_COUNT && strlen(l->currency) == 3);
    assert(payout_line_check(l->kind, &l->amounts) == PAYOUT_LINE_GOOD);
    assert((l->customer_id == 0) == (l->payment_no == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct keyring *keys;
    struct payout_file file, again;
    struct span bytes = span_of((const char *)data, len);
    if (keys == NULL)
        keys = keyring_new(
            SPAN_LIT("1 1111111111111111111111111111111111111111111111111111111111111111 active"),
            NULL);
    bool is_good = payout_file_read(&file, bytes, keys);
    assert(is_good == (file.bad_count == 0));
    assert(!is_good || file.line_count > 0);
    for (size_t i = 0; i < file.line_count; ++i)
        check_line(&file.lines[i]);
    for (size_t i = 0; i < file.bad_count && i < PAYOUT_FILE_BAD_MAX; ++i)
        assert(file.bad[i].reason != NULL && file.bad[i].line >= 0);
    assert(payout_file_read(&again, bytes, keys) == is_good);
    assert(again.line_count == file.line_count && again.bad_count == file.bad_count);
    payout_file_release(&again);
    payout_file_release(&file);
    return 0;
}
