#include "generated.h"

#include "driver.h"
#include "item.h"

#include <stdlib.h>
#include <string.h>

enum { TARGET_LEN = 64, NUMBER_AT = 18 };

static char *payload;
static uint64_t sent;

/* {"aps":{"alert":"0000000000000000xxxx…"}} */
void generated_init(void)
{
    static const char head[] = "{\"aps\":{\"alert\":\" ", tail[] = "\"}}";
    if (driver.payload_len < 64)
        driver.payload_len = 64;
    payload = malloc(driver.payload_len + 1);
    if (payload == NULL)
        abort();
    memset(payload, 'x', driver.payload_len);
    memcpy(payload, head, sizeof(head) - 1);
    memcpy(payload + driver.payload_len - 3, tail, 3);
}

bool generated_has_more(void)
{
    return sent < driver.generate;
}

void generated_send_next(void)
{
    char target[TARGET_LEN];
    struct item *item = item_new(false);
    item_make_id(item);
    memset(target, 'd', sizeof(target));
    item_write_hex(target + 48, item->n, 16);
    item_write_hex(payload + NUMBER_AT, item->n, 16);
    ++sent;
    item_send(item, &(struct push_message){.target = span_of(target, sizeof(target)),
                                           .payload = span_of(payload, driver.payload_len),
                                           .id = span_str(item->id),
                                           .topic = span_str(driver.topic),
                                           .push_type = span_str(driver.push_type),
                                           .priority = 10,
                                           .deadline_ms = driver.deadline_ms,
                                           .start_within_ms = driver.start_within_ms,
                                           .attempts_max = driver.attempts_max});
}
