/* Checks of single values that several tables of settings use. */
#ifndef DUNLIN_APP_SETTING_CHECKS_H
#define DUNLIN_APP_SETTING_CHECKS_H

#include "app/settings_table.h"

setting_check_fn setting_check_listen;          /* an IP address and a port */
setting_check_fn setting_check_origin;          /* "https://pay.example.com", no slash at the end */
setting_check_fn setting_check_loopback_origin; /* the same, or plain HTTP on loopback */
setting_check_fn setting_check_url;             /* HTTPS, or plain HTTP on loopback */
setting_check_fn setting_check_https_url;
setting_check_fn setting_check_word; /* a short one of small letters */

#endif
