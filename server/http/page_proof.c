#include "http/page_proof.h"

#include "base/crypto.h"
#include "store/proof_store.h"

enum { ADDRESS_MAX = 1024 };

void page_proof_print(const struct world *world, const struct page_proof_form *form,
                      struct buf *out)
{
    char ticket[UPLOAD_TICKET_LEN + 1];
    upload_ticket_print(world->keys, form->link, &form->ticket, ticket);
    buf_printf(out, "%.*s/%.*s/proof/%s", SPAN_ARG(world->upload_url), SPAN_ARG(form->code),
               ticket);
    if (form->language != NULL)
        buf_printf(out, "?lang=%s", form->language);
}

void sheet_set_proof(struct sheet *sheet, const struct page_proof *proof)
{
    const struct world *world = sheet->request->world;
    struct page_proof_form form = {
        .code = sheet->code,
        .link = sheet->link,
        .language = sheet->is_language_chosen ? language_code(sheet->language) : NULL,
        .ticket = {.invoice_id = proof->invoice_id,
                   .dispute_no = proof->dispute_no,
                   .issued_at = clock_wall()},
    };
    if (world->upload_url.len == 0 || proof->proof_count >= PROOFS_MAX)
        return;
    random_bytes(form.ticket.nonce, sizeof(form.ticket.nonce));
    struct buf address;
    buf_init(&address, ADDRESS_MAX);
    page_proof_print(world, &form, &address);
    sheet_set(sheet, "proof_url", buf_span(&address));
    buf_release(&address);
}
