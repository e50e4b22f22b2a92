-- Put entries at the start of a log away as one text, if the log is still the one they were read from.
--
-- KEYS  1 head   2 log (stream)   3 archive (list)
-- ARGV  1 the log's epoch   2 the id of its first entry   3 the id of the first entry that stays   4 the text
-- Returns 1 if it was done.

if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  return 0
end
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
if not first or first[1] ~= ARGV[2] then
  return 0
end
redis.call('RPUSH', KEYS[3], ARGV[4])
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[3])
return 1
