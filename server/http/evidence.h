/* All that is kept of one debt: docs/evidence.md. */
#ifndef DUNLIN_HTTP_EVIDENCE_H
#define DUNLIN_HTTP_EVIDENCE_H

#include "http/request.h"

/* GET /api/v1/invoices/{id}/evidence.json */
void evidence_show_json(struct request *);
/* GET /api/v1/invoices/{id}/evidence.pdf?lang=pl|en */
void evidence_show_pdf(struct request *);

#endif
