-- Write down who came, who is known without having been there, and who went; nothing, if the session has been deleted.
--
-- KEYS  1 who (hash)   2 when they came first (sorted set)   3 when they went last (sorted set)   4 head
-- ARGV  1 how many of the following are of who came: participant, JSON, …   2 how many after them are of who is
--       known: participant, JSON, …   then both of these, then participants who went

if redis.call('HEXISTS', KEYS[4], 'gone') == 1 then
  return
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local came = tonumber(ARGV[1]) + 2
local known = came + tonumber(ARGV[2])
for i = 3, came, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[2], 'NX', now, ARGV[i])
  redis.call('ZREM', KEYS[3], ARGV[i])
end
for i = came + 1, known, 2 do
  redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1])
end
for i = known + 1, #ARGV do
  redis.call('ZADD', KEYS[3], now, ARGV[i])
end
