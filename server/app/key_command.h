/* `dunlin key`: the keys that let the creditor's systems call the API, and those that sign links.
 *
 *   api make NAME [SCOPE…] | api list | api revoke ID
 *   link list | link rotate | link retire NUMBER */
#ifndef DUNLIN_APP_KEY_COMMAND_H
#define DUNLIN_APP_KEY_COMMAND_H

int key_command(int argc, char **argv);

#endif
