-- Keep what lists say of a session, if its log ends where the caller has read to.
--
-- KEYS  1 head (epoch, seq)   ARGV  1 epoch   2 seq   3 what lists say
-- Returns 1, or 0 if the log ends elsewhere.

local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
if head[1] ~= ARGV[1] or head[2] ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'about', ARGV[3])
return 1
