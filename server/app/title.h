/* The process's name as ps and top show it. */
#ifndef DUNLIN_APP_TITLE_H
#define DUNLIN_APP_TITLE_H

/* Once, first in main. Reads the arguments from where they are: after title_set they are gone. */
void title_init(int argc, char **argv);
/* "dunlin: http0" */
void title_set(const char *name);

#endif
