-- The heads of all chains, anchored in one global chain: whoever keeps one anchor elsewhere can show
-- later that no event before it was changed, dropped or slipped in.

-- name: anchor_last
-- The newest anchor, and the newest event: at, last_position, position
select
    (select at from chain_anchor order by anchor_no desc limit 1),
    coalesce((select last_position from chain_anchor order by anchor_no desc limit 1), 0)::bigint,
    coalesce((select max(position) from event), 0)::bigint;

-- name: anchor_write
-- One more anchor over the events up to $1; none when there is nothing new, and the second of two
-- nodes that try at once does nothing. Its events are hashed in blocks of so many, in their order, and
-- the digests of the blocks once more: evidence of one event then needs one block and those digests.
-- $1 position, $2 now, $3 events of a block
with last as (
    select coalesce(max(anchor_no), 0) as anchor_no, coalesce(max(last_position), 0) as last_position
    from chain_anchor
), head as (
    select coalesce((select a.hash from chain_anchor a join last using (anchor_no)), '\x'::bytea)
        as prev_hash
), block as (
    select n.block_no, count(*) as event_count,
        sha256(string_agg(n.hash, '\x'::bytea order by n.position)) as digest
    from (
        select e.position, e.hash, (row_number() over (order by e.position) - 1) / $3::bigint as block_no
        from event e, last
        where e.position > last.last_position and e.position <= $1::bigint) n
    group by n.block_no
), covered as (
    select sum(event_count)::bigint as event_count,
        sha256(string_agg(digest, '\x'::bytea order by block_no)) as digest
    from block
)
insert into chain_anchor (anchor_no, at, last_position, event_count, prev_hash, hash, block_events)
select last.anchor_no + 1, $2::timestamptz, $1::bigint, covered.event_count, head.prev_hash,
    sha256(head.prev_hash || covered.digest || convert_to(
        last.anchor_no + 1 || '|' || $1::bigint || '|' || covered.event_count, 'UTF8')), $3::bigint::integer
from last, head, covered
where covered.event_count > 0
on conflict (anchor_no) do nothing;
