/* `dunlin migrate [--settings FILE]`: brings the schema of the database that the settings name, or
 * of the private one, up to this program's. */
#ifndef DUNLIN_APP_MIGRATE_COMMAND_H
#define DUNLIN_APP_MIGRATE_COMMAND_H

int migrate_command(int argc, char **argv);

#endif
