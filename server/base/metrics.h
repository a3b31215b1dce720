/* Counters of all processes in one shared page: each process writes its own slot, whoever serves
 * /metrics reads them all. Names and help stand in one table; no label ever holds a value from
 * outside. */
#ifndef DUNLIN_BASE_METRICS_H
#define DUNLIN_BASE_METRICS_H

#include "base/buf.h"

/* One line a counter: X(name, help). Gauges end in _now. */
#define METRICS(X)                                                                                 \
    X(http_requests, "requests answered")                                                          \
    X(http_errors, "answers with status 5xx")                                                      \
    X(http_refused, "answers with status 4xx")                                                     \
    X(http_shed, "requests turned away by a connection's bucket")                                  \
    X(http_late, "answers cut at their deadline")                                                  \
    X(connections_refused, "connections refused by a limit")                                       \
    X(connections_now, "connections open")                                                         \
    X(pages_shown, "payment pages shown")                                                          \
    X(app_tokens_refused, "requests of apps without a good token")                                 \
    X(bank_keys_failures, "times the bank's keys could not be fetched")                            \
    X(codes_forged, "link codes that failed the check")                                            \
    X(payments_started, "payments started")                                                        \
    X(callbacks_applied, "callbacks booked")                                                       \
    X(callbacks_duplicate, "callbacks seen before")                                                \
    X(callbacks_parked, "callbacks parked")                                                        \
    X(callbacks_forged, "callbacks refused for a bad signature")                                   \
    X(callbacks_stale, "callbacks refused for their time")                                         \
    X(callbacks_malformed, "callbacks refused that are signed and cannot be read")                 \
    X(callbacks_foreign, "callbacks refused that are signed and meant for others")                 \
    X(provider_calls_shed, "calls to providers not begun, as the account had too many under way")  \
    X(payments_asked, "questions to providers about silent payments")                              \
    X(payments_asked_told, "of those, answers that told something")                                \
    X(payments_confirmed, "payments confirmed to their provider")                                  \
    X(payments_confirm_late, "tries to confirm a payment after its deadline")                      \
    X(payout_disagreements, "things in daily reports on payouts that did not agree")               \
    X(payout_files_taken, "files of payouts taken in from the folder")                             \
    X(payout_files_bad, "files of payouts in the folder that were refused")                        \
    X(payments_undecided, "answers past a payment's time that do not decide it")                   \
    X(callback_batches, "batches of callbacks flushed")                                            \
    X(reminders_sent, "reminders sent")                                                            \
    X(reminders_opened, "reminders from which the app was opened")                                 \
    X(reminders_uncertain, "reminders that perhaps went out, nobody knows")                        \
    X(reminders_failed, "reminders that could not be sent")                                        \
    X(reminders_crossed, "reminders accepted by their channel after the payment was booked")       \
    X(reminders_crossed_ms, "milliseconds between those payments and the acceptances")             \
    X(sending_stops, "times that a day's unusual volume stopped all sending")                      \
    X(mails_sent, "mails taken by the mail server")                                                \
    X(mails_refused, "mails refused for good")                                                     \
    X(mails_again, "mails given back to be sent later")                                            \
    X(mails_uncertain, "mails whose end nobody confirmed")                                         \
    X(mail_alarms, "refusals of mail that are no fault of the address")                            \
    X(bounces_taken, "bounces that told something new of a mail")                                  \
    X(bounces_strange, "mails in the bounce folder that are no bounce of ours")                    \
    X(unsubscribed, "customers who refused reminders by mail by its link")                         \
    X(pages_seen, "pages that a person was seen to use")                                           \
    X(pages_robots, "pages shown to what calls itself a robot")                                    \
    X(disputes_overdue_now, "disputes that should have been answered by now")                      \
    X(reports_taken, "delivery reports of gateways that told of a message of ours")                \
    X(reports_unknown, "delivery reports of messages that are none of ours")                       \
    X(reports_early, "delivery reports asked for again, as their message was just being sent")     \
    X(reports_forged, "requests to the address of reports with a wrong secret")                    \
    X(proofs_kept, "files of customers that were kept with a dispute")                             \
    X(proofs_refused, "files of customers that were refused")                                      \
    X(imports_done, "imports finished")                                                            \
    X(import_rows, "rows imported")                                                                \
    X(database_errors, "database statements failed")                                               \
    X(process_restarts, "child processes started again by the supervisor")                         \
    X(log_lines_dropped, "log lines dropped because the destination was full")

enum metric_id {
#define METRIC_ID(name, help) METRIC_##name,
    METRICS(METRIC_ID)
#undef METRIC_ID
        METRIC_COUNT
};

enum { METRICS_SLOTS = 64 };

struct metrics {
    uint64_t values[METRIC_COUNT];
};

/* A page shared by this process and all its later children: METRICS_SLOTS slots. */
struct metrics *metrics_shared_new(void);
void metrics_add(struct metrics *slot, enum metric_id, int64_t by);
/* Sets a slot's gauges to zero: what its process held went with it. For whoever starts it again. */
void metrics_clear_gauges(struct metrics *slot);
/* Appends the Prometheus text (format 0.0.4) of the sum over all slots: counters as
 * dunlin_NAME_total, gauges as dunlin_NAME. */
void metrics_print(const struct metrics *slots, struct buf *out);

#endif
