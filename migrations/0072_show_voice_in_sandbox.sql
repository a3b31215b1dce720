-- The demo's phones show voice messages as well.
alter table sandbox_message
    drop constraint sandbox_message_channel_check,
    add constraint sandbox_message_channel_check check (channel in ('push', 'sms', 'voice', 'email'));
