-- What a campaign needs beyond its table: why it was refused, who stopped it, what its price was
-- reckoned by; for each row the text as it was approved and what was owed then; and quick answers to
-- three questions that are asked for every row of a file.
alter table campaign
    add column is_plain boolean not null default true,  -- Polish letters without their marks
    add column part_price_micro bigint not null default 0,
    add column problem text,        -- why refused, a stable word
    add column problem_detail text,
    add column queued_at timestamptz,
    add column stopped_by text,
    add column stopped_at timestamptz;
create index campaign_import on campaign (import_id) where import_id is not null;
create index campaign_open on campaign (campaign_id) where state in ('approved', 'queued');

alter table campaign_row
    -- The text is for this amount; one who has paid a part meanwhile gets another.
    add column due_minor bigint not null default 0,
    add column is_own boolean not null default true;    -- the campaign brought the debt

create index reminder_campaign on reminder (campaign_id) where campaign_id is not null;
-- The same file again: whose campaign it was. Also what an import from disk goes on by.
create index import_content on import (sha256) where sha256 is not null;
-- Whoever refuses messages refuses them at that telephone, under whatever reference.
create index customer_opted_out on customer (phone) where opted_out <> '{}';
create index contact_fault_dead on contact_fault (channel, address) where is_dead;

-- A campaign has one file. Raises DL003 when it has another, or is past awaiting one.
create function campaign_attach(the_campaign bigint, the_import uuid) returns void
    language plpgsql as $$
begin
    update campaign c
    set import_id = the_import
    where c.campaign_id = the_campaign and c.state = 'checking'
        and (c.import_id is null or c.import_id = the_import
            -- One that was taken back before it began.
            or not exists (select from import i where i.import_id = c.import_id));
    if not found then
        raise exception 'the campaign awaits no file' using errcode = 'DL003';
    end if;
end
$$;
