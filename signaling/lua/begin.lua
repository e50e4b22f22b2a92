-- Begin a log, or begin a new epoch of one that was found to have lost its end.
--
-- KEYS  1 head   2 log   3 audit   4.. the receipts of the entries' commands, in order
-- ARGV  1 channel   2 epoch and 3 seq the caller saw ('' and '0': no log; 'new': and there shall be one,
--       though there was one that has been deleted)   4 the new epoch
--       5 seconds a receipt is kept   6 seconds the audit is kept
--       7 what lists say of the session, '' for what they said before
--       8.. for each entry: event, command, what the audit keeps of it ('' for nothing)
-- The entries are what the caller remembers beyond that seq. Returns 1, or 0 if the log was not as seen.

local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'gone')
local seen = ARGV[2]
if seen == 'new' then
  seen = ''
elseif head[3] then
  return 0
end
if (head[1] or '') ~= seen or (head[2] or '0') ~= ARGV[3] then
  return 0
end

local seq = tonumber(ARGV[3])
for i = 8, #ARGV, 3 do
  local event, command = ARGV[i], ARGV[i + 1]
  seq = seq + 1
  redis.call('XADD', KEYS[2], string.format('%s-%d', ARGV[4], seq), 'event', event, 'command', command)
  if ARGV[i + 2] ~= '' then
    redis.call('XADD', KEYS[3], '*',
      'entry', ARGV[i + 2], 'epoch', ARGV[4], 'seq', string.format('%d', seq))
    redis.call('EXPIRE', KEYS[3], ARGV[6])
  end
  if command ~= '' then
    redis.call('SET', KEYS[4 + (i - 8) / 3], string.format('%d', seq), 'EX', ARGV[5])
  end
end
redis.call('HDEL', KEYS[1], 'gone')
redis.call('PERSIST', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', ARGV[4], 'seq', string.format('%d', seq))
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[1], 'about', ARGV[7])
end
redis.call('PUBLISH', ARGV[1], ARGV[4] .. ' 0 ')
return 1
