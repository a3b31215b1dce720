/* `dunlin demo [--dir DIR] [--port N] [--import FILE.csv] [--json]`: everything on this machine. A
 * private database, the gateway, 500 fictional debtors (or one's own file), the sandbox bank, a
 * phone, an inbox, a movable clock. Keeps everything under DIR, ends on SIGTERM or Ctrl-C and
 * leaves no process behind. */
#ifndef DUNLIN_APP_DEMO_H
#define DUNLIN_APP_DEMO_H

int demo_command(int argc, char **argv);

#endif
