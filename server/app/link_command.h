/* `dunlin link show|issue|revoke|replace INVOICE-NUMBER|LINK [--json] [--settings FILE]` */
#ifndef DUNLIN_APP_LINK_COMMAND_H
#define DUNLIN_APP_LINK_COMMAND_H

int link_command(int argc, char **argv);

#endif
