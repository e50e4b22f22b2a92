-- Take a seat of an invitation, or find the one that this browser has.
--
-- KEYS  1 the invitation (hash: seats, expires, revoked, body)   2 its seats (hash: browser -> participant)
-- ARGV  1 the browser's hash   2 the participant   3 '1': only look
-- Returns {outcome, body, seated}: 'seated', or why not: 'absent', 'revoked', 'expired', 'used_up'.
--       Who has a seat keeps it beyond the expiry, which ends only that new ones are given.

local said = redis.call('HMGET', KEYS[1], 'seats', 'expires', 'revoked', 'body')
if not said[4] then
  return {'absent', '', 0}
end
local seated = redis.call('HEXISTS', KEYS[2], ARGV[1])
if said[3] then
  return {'revoked', said[4], seated}
end
if seated == 1 then
  return {'seated', said[4], 1}
end
local time = redis.call('TIME')
if said[2] and tonumber(said[2]) <= tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) then
  return {'expired', said[4], 0}
end
if redis.call('HLEN', KEYS[2]) >= tonumber(said[1]) then
  return {'used_up', said[4], 0}
end
if ARGV[3] ~= '1' then
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
end
return {'seated', said[4], 0}
