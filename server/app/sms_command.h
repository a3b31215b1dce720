/* `dunlin sms`: sends one SMS by hand through the gateway of the settings and shows the whole
 * exchange, secrets blanked. No database is opened. */
#ifndef DUNLIN_APP_SMS_COMMAND_H
#define DUNLIN_APP_SMS_COMMAND_H

int sms_command(int argc, char **argv);

#endif
