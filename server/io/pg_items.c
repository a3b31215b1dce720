#include "io/pg_items.h"

#include <assert.h>
#include <stdlib.h>

int64_t pg_now_ms(void)
{
    return clock_mono().ns / 1000000;
}

struct pg_item *pg_item_first(h2o_linklist_t *list)
{
    return h2o_linklist_is_empty(list) ? NULL
                                       : H2O_STRUCT_FROM_MEMBER(struct pg_item, link, list->next);
}

struct pg_item *pg_item_new(enum item_kind kind, int statement, const struct pg_args *args)
{
    int count = args == NULL ? 0 : args->count_;
    size_t values_size = (size_t)count * sizeof(char *), lengths_size = (size_t)count * sizeof(int);
    struct span bytes = args == NULL ? (struct span){0} : buf_span(&args->storage_);
    struct pg_item *item = malloc(sizeof(*item) + values_size + lengths_size + bytes.len);
    if (item == NULL)
        abort();
    *item = (struct pg_item){
        .kind = kind, .statement = statement, .asked_ms = pg_now_ms(), .arg_count = count};
    item->values = (const char **)(item + 1);
    item->lengths = (int *)(item->values + count);
    char *copy = (char *)(item->lengths + count);
    if (bytes.len > 0)
        memcpy(copy, bytes.base, bytes.len);
    for (int i = 0; i < count; ++i) {
        bool is_null = args->lengths_[i] < 0;
        item->lengths[i] = is_null ? 0 : args->lengths_[i];
        item->values[i] = is_null ? NULL : copy + args->offsets_[i];
    }
    return item;
}

void pg_item_free(struct pg *pg, struct pg_item *item)
{
    if (h2o_linklist_is_linked(&item->link))
        h2o_linklist_unlink(&item->link);
    if (item->query != NULL)
        item->query->item_ = NULL;
    if (item->work != NULL && --item->work->items == 0)
        free(item->work);
    if (item->kind == ITEM_READ || item->kind == ITEM_STATEMENT)
        --pg->count;
    free(item);
}

static void call_result(struct pg *pg, pg_result_cb on_result, void *owner, const PGresult *result,
                        const struct err *err)
{
    ++pg->callbacks;
    on_result(owner, result, err);
    --pg->callbacks;
}

void pg_work_finish(struct pg *pg, struct pg_work *work, const struct err *err)
{
    if (work->tx == NULL)
        return;
    work->tx->work_ = NULL;
    work->tx = NULL;
    pg_done_cb on_done = work->on_done;
    struct err copy = *err;
    ++pg->callbacks;
    on_done(work->owner, &copy);
    --pg->callbacks;
}

void pg_item_report(struct pg *pg, struct pg_item *item, const PGresult *result,
                    const struct err *err)
{
    if (item->kind == ITEM_READ && item->query != NULL) {
        item->query->item_ = NULL;
        item->query = NULL;
        call_result(pg, item->on_result, item->owner, result, err);
    } else if (item->kind == ITEM_STATEMENT && item->on_result != NULL) {
        pg_result_cb on_result = item->on_result;
        item->on_result = NULL;
        if (item->work->tx != NULL)
            call_result(pg, on_result, item->work->owner, result, err);
    }
}

void pg_item_fail(struct pg *pg, struct pg_item *item, const struct err *err)
{
    if (item->work != NULL && item->work->err.code == 0)
        item->work->err = *err;
    pg_item_report(pg, item, NULL, err);
    if (item->kind == ITEM_SYNC && item->work != NULL)
        pg_work_finish(pg, item->work, err);
}

void pg_items_fail(struct pg *pg, h2o_linklist_t *list, const struct err *err)
{
    h2o_linklist_t ending;
    h2o_linklist_init_anchor(&ending);
    h2o_linklist_insert_list(&ending, list);
    for (struct pg_item *item; (item = pg_item_first(&ending)) != NULL;) {
        pg_item_fail(pg, item, err);
        pg_item_free(pg, item);
    }
}
