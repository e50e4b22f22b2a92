-- Write a log anew under a new epoch, each entry at its place, if it is still as the caller saw it.
--
-- KEYS  1 head   2 log   3 checkpoint and 4 archive, which hold what is to be gone
-- ARGV  1 channel   2 epoch and 3 seq the caller saw   4 the new epoch   5.. for each entry: seq, event, command

local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
if head[1] ~= ARGV[2] or head[2] ~= ARGV[3] then
  return 0
end
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
for i = 5, #ARGV, 3 do
  redis.call('XADD', KEYS[2], ARGV[4] .. '-' .. ARGV[i], 'event', ARGV[i + 1], 'command', ARGV[i + 2])
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[4])
redis.call('PUBLISH', ARGV[1], ARGV[4] .. ' 0 ')
return 1
