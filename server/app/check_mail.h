/* The part of `dunlin check` that asks the mail servers: whether they can be reached, believe our
 * credentials, and have the folders. No mail is sent, none is read. */
#ifndef DUNLIN_APP_CHECK_MAIL_H
#define DUNLIN_APP_CHECK_MAIL_H

#include "app/check.h"

void check_mail(const struct settings *, struct check_report *);

#endif
