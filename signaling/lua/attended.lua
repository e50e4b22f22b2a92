-- Write down who came and who went; nothing, if the session has been deleted.
--
-- KEYS  1 who (hash)   2 when they came first (sorted set)   3 when they went last (sorted set)   4 head
-- ARGV  1 how many of the following are of who came: participant, JSON, …   then participants who went

if redis.call('HEXISTS', KEYS[4], 'gone') == 1 then
  return
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local came = tonumber(ARGV[1])
for i = 2, came, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[2], 'NX', now, ARGV[i])
  redis.call('ZREM', KEYS[3], ARGV[i])
end
for i = came + 2, #ARGV do
  redis.call('ZADD', KEYS[3], now, ARGV[i])
end
