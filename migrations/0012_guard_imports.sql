-- What an import needs beyond its tables: to move on only from where it believes it stands, to know
-- whose contact data it wrote itself, and to hand out ids before it inserts.

-- One file tells a customer's contact data once: the first row that changes them wins, and the same
-- file again changes nothing. The first eight bytes of that file's SHA-256.
alter table customer add column contact_source bigint;

-- An import moves on in the transaction of its rows. Raises DL002 when it is not where the caller
-- believes: another process has taken it over.
create function import_move(the_import uuid, from_byte bigint, to_byte bigint, to_line bigint,
    created bigint, changed bigint, same bigint, bad bigint) returns void
    language plpgsql as $$
begin
    update import
    set committed_bytes = to_byte,
        committed_line = to_line,
        created_count = created_count + created,
        changed_count = changed_count + changed,
        same_count = same_count + same,
        bad_count = bad_count + bad
    where import_id = the_import and state = 'running' and committed_bytes = from_byte;
    if not found then
        raise exception 'the import is not where it was' using errcode = 'DL002';
    end if;
end
$$;

create index import_waiting on import (created_at) where state in ('receiving', 'waiting', 'running');
create index import_newest on import (created_at desc, import_id);

grant usage on sequence customer_customer_id_seq, invoice_invoice_id_seq to dunlin_app;
