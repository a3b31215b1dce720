-- What the agent is to say, as the step's template has it.
alter table work_item add column text text not null default '';
