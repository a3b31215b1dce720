#include "app/command.h"

#include "app/calls_command.h"
#include "app/campaign_command.h"
#include "app/check.h"
#include "app/demo.h"
#include "app/evidence_command.h"
#include "app/import_command.h"
#include "app/key_command.h"
#include "app/link_command.h"
#include "app/migrate_command.h"
#include "app/payouts_command.h"
#include "app/plan_command.h"
#include "app/push_command.h"
#include "app/results_command.h"
#include "app/scenario_command.h"
#include "app/sending_command.h"
#include "app/serve.h"
#include "app/settings.h"
#include "app/sms_command.h"
#include "app/template_command.h"
#include "app/title.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"demo", "everything on this machine, with fictional debtors", demo_command},
    {"serve", "the gateway: pages, callbacks, API, reminders", serve_command},
    {"import", "bring in the invoices of an accounting export", import_command},
    {"campaign", "one message to each row of a file: make, approve, stop, results",
     campaign_command},
    {"migrate", "bring the database's schema up to date", migrate_command},
    {"link", "show, issue, revoke or replace the link of an invoice", link_command},
    {"plan", "what would be sent on a date, and why (sends nothing)", plan_command},
    {"key", "API keys and link keys: make, list, rotate, retire", key_command},
    {"scenario", "ladders of reminders: check, save, put in force", scenario_command},
    {"push", "send one push to one device, and show the whole exchange", push_command},
    {"template", "the words of messages: list, show, check, save, preview", template_command},
    {"sms", "send one SMS, and show the whole exchange", sms_command},
    {"calls", "the call list, and what came of a call", calls_command},
    {"handover", "the file for external collection", handover_command},
    {"sending", "stop all sending, let it go on, allow more on a day, show how it stands",
     sending_command},
    {"payouts", "what providers settled, against the ledger and the bank", payouts_command},
    {"results", "what reminding brought: late, recovered, what it cost", results_command},
    {"evidence", "all that is kept of one debt, and a check of such an export", evidence_command},
    {"check", "settings, certificates, database, push credentials: all mistakes", check_command},
    {"settings", "write the commented example of the settings file", settings_command},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(FILE *out)
{
    fputs("usage: dunlin <command> …\n\n", out);
    for (int i = 0; i != COMMAND_COUNT; ++i)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
}

int command_run(int argc, char **argv)
{
    title_init(argc, argv);
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_usage(stdout);
        return 0;
    }
    /* Whoever asks for help is told, and has made no mistake. */
    bool is_help = argc >= 3 && strcmp(argv[argc - 1], "--help") == 0;
    if (is_help)
        dup2(STDOUT_FILENO, STDERR_FILENO);
    for (int i = 0; argc >= 2 && i != COMMAND_COUNT; ++i)
        if (strcmp(argv[1], commands[i].name) == 0) {
            int status = commands[i].run(argc - 1, argv + 1);
            return is_help ? 0 : status;
        }
    print_usage(stderr);
    return 2;
}
