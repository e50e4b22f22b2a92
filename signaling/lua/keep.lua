-- Keep a checkpoint of a session, if the log is still the one it was made of, and none as new is kept.
--
-- KEYS  1 head   2 checkpoint   ARGV  1 the log's epoch   2 shape   3 epoch and 4 seq of its entry   5 body
-- Another shape's goes: two versions of the code run side by side for a moment only. Returns 1 if kept.

if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  return 0
end
local kept = redis.call('HGET', KEYS[2], ARGV[2] .. ' place')
if kept then
  local epoch, seq = string.match(kept, '^(%d+)-(%d+)$')
  epoch, seq = tonumber(epoch), tonumber(seq)
  if epoch > tonumber(ARGV[3]) or (epoch == tonumber(ARGV[3]) and seq >= tonumber(ARGV[4])) then
    return 0
  end
end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], ARGV[2] .. ' place', ARGV[3] .. '-' .. ARGV[4], ARGV[2] .. ' body', ARGV[5])
return 1
