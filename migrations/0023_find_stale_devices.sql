-- Firebase gives up a token whose app did not call for 270 days; devices end then, the longest unseen
-- first.
create index device_unseen on device (seen_at) where state = 'live' and service = 'fcm';
