-- Append events to a session's log, if nothing they lean on has changed; and tell every worker.
--
-- KEYS  1 head (epoch, seq)   2 log (stream)   3 versions (entity -> seq)   4 this command's receipt
--       5 audit (stream)   6.. the receipts of commands gathered into these events
-- ARGV  1 channel   2 epoch and 3 seq the decision was taken at   4 command ('' for none)
--       5 seconds a receipt is kept   6 entities leant on   7 entities changed   8 events (6-8: JSON lists)
--       9 what the audit keeps of each event, '' for nothing (JSON list)   10 seconds the audit is kept
--       11 what lists say of the session from now on, '' for what they said before
-- Returns {outcome, seq}: 'done' (now or before), 'behind' (decide again on newer state),
--       'rolled_back' (the log ends before the caller's position), 'absent' (there is no log).

local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
local epoch, seq = head[1], tonumber(head[2])
if not epoch then
  return {'absent', 0}
end

local receipt = ARGV[4] ~= '' and redis.call('GET', KEYS[4])
if receipt then
  return {'done', tonumber(receipt)}
end

local known = tonumber(ARGV[3])
if epoch ~= ARGV[2] then
  return {'behind', seq}
end
if known > seq then
  return {'rolled_back', seq}
end

local changed = cjson.decode(ARGV[7])
for _, entities in ipairs({cjson.decode(ARGV[6]), changed}) do
  for _, entity in ipairs(entities) do
    local version = redis.call('HGET', KEYS[3], entity)
    if version and tonumber(version) > known then
      return {'behind', seq}
    end
  end
end

local time = redis.call('TIME')
local oldest = string.format('%d', (tonumber(time[1]) - tonumber(ARGV[10])) * 1000)
local audit = cjson.decode(ARGV[9])
local message = {string.format('%s %d %s', epoch, seq + 1, ARGV[4])}
for place, event in ipairs(cjson.decode(ARGV[8])) do
  seq = seq + 1
  if audit[place] and audit[place] ~= '' then
    redis.call('XADD', KEYS[5], 'MINID', '~', oldest, '*',
      'entry', audit[place], 'epoch', epoch, 'seq', string.format('%d', seq))
    redis.call('EXPIRE', KEYS[5], ARGV[10])
  end
  -- The entry's id is the event's place in time, so the stream itself keeps the order.
  redis.call('XADD', KEYS[2], string.format('%s-%d', epoch, seq), 'event', event, 'command', ARGV[4])
  message[#message + 1] = event
end
for _, entity in ipairs(changed) do
  redis.call('HSET', KEYS[3], entity, string.format('%d', seq))
end
redis.call('HSET', KEYS[1], 'seq', string.format('%d', seq))
if ARGV[11] ~= '' then
  redis.call('HSET', KEYS[1], 'about', ARGV[11])
end
if ARGV[4] ~= '' then
  redis.call('SET', KEYS[4], string.format('%d', seq), 'EX', ARGV[5])
end
for i = 6, #KEYS do
  redis.call('SET', KEYS[i], string.format('%d', seq), 'EX', ARGV[5])
end
redis.call('PUBLISH', ARGV[1], table.concat(message, '\n'))
return {'done', seq}
