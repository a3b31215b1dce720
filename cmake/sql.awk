# Turns the named statements of server/store/*.sql into a table of prepared statements.
#   -- name: invoice_page
# starts a statement that runs to the next such line. Writes sql.h (enum sql_id, SQL_INVOICE_PAGE …)
# and sql.c (names and texts). Comments stay in the .sql file.
/^-- name: / { if (count > 0 && text == "") { print FILENAME ": empty statement " names[count - 1] > "/dev/stderr"; exit 1 }
    flush_text(); names[count++] = $3; text = ""; next }
/^[ \t]*--/ { next }
count > 0 && NF > 0 { line = $0; gsub(/\\/, "&&", line); gsub(/"/, "\\\"", line); text = text "    \"" line "\\n\"\n" }
function flush_text() { if (count > 0) texts[count - 1] = text }
END {
    flush_text()
    h = dir "/sql.h"; c = dir "/sql.c"
    print "#pragma once\n#include \"io/pg.h\"\nenum sql_id {" > h
    for (i = 0; i < count; ++i) print "    SQL_" toupper(names[i]) "," > h
    print "    SQL_COUNT\n};\nextern const struct pg_statement sql_table[SQL_COUNT + 1];" > h
    print "#include \"sql.h\"\nconst struct pg_statement sql_table[SQL_COUNT + 1] = {" > c
    for (i = 0; i < count; ++i) {
        t = texts[i]; sub(/;[ \t]*\\n"\n$/, "\"\n", t)
        print "    {\"" names[i] "\",\n" t "    }," > c
    }
    print "    {0, 0}};" > c
}
