#include "store/results_store.h"

#include "sql.h"

const char *const results_by_names[RESULTS_BY_COUNT + 1] = {
    "segment", "scenario", "version", "step", "channel", "month", NULL};

int results_ask(struct pg *pg, struct pg_query *query, const struct results_question *question,
                pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_date(&args, question->from);
    pg_arg_date(&args, question->to);
    pg_arg_text(&args, span_str(results_by_names[question->by]));
    pg_arg_instant(&args, question->now);
    pg_arg_int(&args, question->holdout_permille);
    int rc = pg_read(pg, query, SQL_RESULTS_BY, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}
