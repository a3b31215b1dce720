#include "http/page_transfer.h"

#include "domain/transfer_qr.h"
#include "flow/page_model.h"

/* No real invoice number is longer; what somebody imported may be. */
enum { TITLE_BYTES_MAX = 70 };

/* At most `len_max` bytes of UTF-8, cut between letters. */
static struct span cut(struct span text, size_t len_max)
{
    if (text.len <= len_max)
        return text;
    while (len_max != 0 && (text.base[len_max] & 0xc0) == 0x80)
        --len_max;
    return span_of(text.base, len_max);
}

bool page_transfer_of(struct page_transfer *t, const struct world *world,
                      const struct page_row *row)
{
    *t = (struct page_transfer){
        .recipient = world->creditor.name,
        .account = row->account.len != 0 ? row->account : world->creditor.account,
        .title = cut(row->number, TITLE_BYTES_MAX),
    };
    return t->account.len != 0;
}

bool page_transfer_qr(const struct page_transfer *t, const struct world *world,
                      const struct page_row *row, struct buf *text, bool *is_medium_correction)
{
    char currency[4] = "";
    memcpy(currency, row->currency.base, row->currency.len < 3 ? row->currency.len : 3);
    const struct transfer transfer = {
        .recipient = t->recipient,
        .nip = world->creditor.nip,
        .account = t->account,
        .title = t->title,
        .amount = money_of(page_pay_minor(row), currency),
        .takes_euro_transfers = world->creditor.takes_euro_transfers,
    };
    enum transfer_qr_level level;
    if (transfer_qr_print(&transfer, text, &level) != TRANSFER_QR_GOOD)
        return false;
    *is_medium_correction = level == TRANSFER_QR_LEVEL_M;
    return true;
}
