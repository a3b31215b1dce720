/* The settings of one gateway that takes messages over HTTP, `sms.…` or `voice.…`: the checks of
 * single values, and what depends on several of them. */
#ifndef DUNLIN_APP_SETTINGS_GATEWAY_H
#define DUNLIN_APP_SETTINGS_GATEWAY_H

#include "app/settings_table.h"

setting_check_fn setting_check_gateway, setting_check_decimal, setting_check_field,
    setting_check_header_line, setting_check_path_in_answer, setting_check_status_row,
    setting_check_method, setting_check_body, setting_check_number_form, setting_check_sender,
    setting_check_call_url, setting_check_secret_word;

void settings_finish_gateways(struct settings_reading *);

/* Of a value that was checked: in millionths. */
int64_t setting_micro(const char *decimal);

#endif
