-- A gateway's report may be quicker than our record of the send, and the gateway's own id is all that
-- it names. It is asked to come again; how long it has been asked so is kept here, so that nobody is
-- asked for ever about a message that is none of ours. Rows go after an hour (message_note_early).
create table early_report (
    channel text not null,
    gateway_id text not null check (length(gateway_id) between 1 and 200),
    first_at timestamptz not null,
    primary key (channel, gateway_id)
);

create index early_report_age on early_report (first_at);

grant select, insert, update, delete on early_report to dunlin_app;
