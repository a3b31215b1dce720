-- Files say by which channel a customer likes to be reached, and what they agreed to. What a file
-- closed a file may open again; an opt-out of the customer's own, or one that came over the
-- interface, is not undone by a row that says yes.
alter table customer
    -- Of opted_out: channels that nobody but a file closed. Whoever closes one of them later takes it
    -- out of here.
    add column opted_out_by_file text[] not null default '{}';
