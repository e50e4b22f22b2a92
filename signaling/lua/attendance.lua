-- Write down how many are there; what lies between this count and the one before counts as it was then.
-- Nothing, if the session has been deleted.
--
-- KEYS  1 the count (hash)   2 head
-- ARGV  1 online   2 hall   3 '1' while the session is live   4 longest gap, ms

if redis.call('HEXISTS', KEYS[2], 'gone') == 1 then
  return
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local was = redis.call('HMGET', KEYS[1], 'at', 'total', 'live', 'person_ms', 'ms', 'peak')
local total = tonumber(ARGV[1]) + tonumber(ARGV[2])
if was[3] == '1' then
  local gap = math.max(0, math.min(now - tonumber(was[1]), tonumber(ARGV[4])))
  redis.call('HSET', KEYS[1],
    'person_ms', string.format('%.0f', tonumber(was[4] or '0') + tonumber(was[2]) * gap),
    'ms', string.format('%.0f', tonumber(was[5] or '0') + gap))
end
redis.call('HSET', KEYS[1], 'at', string.format('%.0f', now), 'total', total, 'live', ARGV[3])
if ARGV[3] == '1' and total > tonumber(was[6] or '0') then
  redis.call('HSET', KEYS[1], 'peak', total, 'peak_at', string.format('%.0f', now),
    'peak_online', ARGV[1], 'peak_hall', ARGV[2])
end
