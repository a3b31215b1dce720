/* Writes the example file from the table. A setting without a default is shown commented out,
 * unless it is needed: then its example stands, so that the file as it comes is a good one. */
#include "app/settings_table.h"

#include <ctype.h>

static int depth_of(const char *name)
{
    int depth = 0;
    for (; *name != '\0'; ++name)
        depth += *name == '.';
    return depth;
}

static void print_help(FILE *out, const char *help, int indent)
{
    for (const char *line = help; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        fprintf(out, "%*s# %.*s\n", indent, "", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

/* Items with a brace are text only in quotes. */
static void print_list(FILE *out, const char *value)
{
    if (strchr(value, '{') == NULL) {
        fprintf(out, "[%s]\n", value);
        return;
    }
    fputc('[', out);
    for (const char *at = value; *at != '\0';) {
        const char *end = strstr(at, ", ");
        size_t len = end == NULL ? strlen(at) : (size_t)(end - at);
        fprintf(out, "%s\"%.*s\"", at == value ? "" : ", ", (int)len, at);
        at += end == NULL ? len : len + 2;
    }
    fputs("]\n", out);
}

/* Quoted when plain YAML would read it as something else or not at all. */
static void print_value(FILE *out, const struct setting *row, const char *value)
{
    switch (row->type) {
    case SETTING_ROLES:
    case SETTING_TEXTS:
    case SETTING_PATHS:
    case SETTING_SECRET_FILES:
        print_list(out, value);
        return;
    case SETTING_INT:
    case SETTING_BOOL:
    case SETTING_LOG_LEVEL:
        fprintf(out, "%s\n", value);
        return;
    default:
        fprintf(out, "\"%s\"\n", value);
    }
}

static void print_row(FILE *out, const struct setting *row, const char *first, int indent)
{
    const char *dot = strrchr(row->name, '.');
    const char *value = row->example != NULL ? row->example : row->default_;
    bool is_shown = row->is_required || (row->default_ != NULL && row->example == NULL);
    print_help(out, row->help, indent);
    fprintf(out, "%*s%s%s%s: ", indent, "", is_shown ? "" : "#", first,
            dot == NULL ? row->name : dot + 1);
    print_value(out, row, value);
}

/* One of the list as an example behind comment marks. */
static void print_tables(FILE *out, const struct setting *list, int indent)
{
    const char *dot = strrchr(list->name, '.');
    print_help(out, list->help, indent);
    fprintf(out, "%*s%s: []\n", indent, "", dot == NULL ? list->name : dot + 1);
    for (const struct setting *row = list->tables->rows; row->name != NULL; ++row) {
        const char *value = row->example != NULL ? row->example : row->default_;
        for (const char *line = row->help; *line != '\0';) {
            size_t len = strcspn(line, "\n");
            fprintf(out, "%*s#     # %.*s\n", indent, "", (int)len, line);
            line += len + (line[len] == '\n');
        }
        fprintf(out, "%*s#   %s %s: ", indent, "", row == list->tables->rows ? "-" : " ",
                row->name);
        print_value(out, row, value);
    }
}

static void print_setting(FILE *out, const struct setting *row)
{
    const char *dot = strrchr(row->name, '.');
    int indent = 4 * depth_of(row->name);
    if (indent == 0 || row->type == SETTING_SECTION)
        fprintf(out, "\n");
    if (row->type == SETTING_TABLES) {
        print_tables(out, row, indent);
        return;
    }
    if (row->type != SETTING_SECTION) {
        print_row(out, row, "", indent);
        return;
    }
    print_help(out, row->help, indent);
    fprintf(out, "%*s%s:\n", indent, "", dot == NULL ? row->name : dot + 1);
}

void settings_print_example(FILE *out)
{
    fprintf(out,
            "# Settings of Dunlin, with their defaults. `dunlin settings` writes this file and\n"
            "# `dunlin check` reports every mistake in yours. A value may come from the\n"
            "# environment instead: DUNLIN_PUBLIC_LISTEN for public.listen. Relative paths are\n"
            "# relative to this file.\n");
    for (const struct setting *const *part = settings_table; *part != NULL; ++part)
        for (const struct setting *row = *part; row->name != NULL; ++row)
            print_setting(out, row);
}
