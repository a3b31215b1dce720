/* The JSON in the events of an import: facts without personal data, and the personal part apart. */
#ifndef DUNLIN_FLOW_IMPORT_FACTS_H
#define DUNLIN_FLOW_IMPORT_FACTS_H

#include "domain/contact_terms.h"
#include "store/import_store.h"

struct import_contact {
    struct span name, phone, email, language;
};

/* invoice.imported */
struct span import_facts_invoice(h2o_mem_pool_t *, struct span number,
                                 const struct import_known_invoice *);
/* invoice.corrected: each changed field from and to. The account is said to have changed, not what
 * it is. */
struct span import_facts_change(h2o_mem_pool_t *, const struct import_known_invoice *from,
                                const struct import_known_invoice *to);
/* customer.changed: which fields; and with their values. */
struct span import_facts_contact(h2o_mem_pool_t *, const struct import_contact *from,
                                 const struct import_contact *to);
struct span import_facts_personal(h2o_mem_pool_t *, const struct import_contact *from,
                                  const struct import_contact *to);
/* customer.channels, as store/contact.sql has it, with the import that said so. */
struct span import_facts_terms(h2o_mem_pool_t *, const struct contact_terms *, struct span import);

#endif
