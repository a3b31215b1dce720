-- Which segment a customer was in at some time: results go by the one when the debt fell due. A row
-- each change; before the first one nobody had been computed, or was `on_time` since.
create table segment_change (
    customer_id bigint not null,
    at timestamptz not null,        -- from then on
    segment text not null,
    primary key (customer_id, at)
);
grant select, insert, update on segment_change to dunlin_app;

-- Of what was before this was kept nothing is known but how it ended.
insert into segment_change (customer_id, at, segment)
select customer_id, '-infinity', segment
from customer
where segment <> 'on_time';
