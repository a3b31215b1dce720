/* Lines of JSON on standard output, gathered. */
#ifndef DUNLIN_PUSH_OUTPUT_H
#define DUNLIN_PUSH_OUTPUT_H

#include "base/span.h"

#include <jansson.h>

void output_init(void);
void output_json(json_t *); /* takes it */
void output_flush(void);
/* As a JSON text, also when it is no UTF-8. */
json_t *output_text(struct span);

#endif
