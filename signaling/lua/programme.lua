-- Write an event's programme, if it is still as the writer saw it; and tell every worker.
--
-- KEYS  1 programme (hash: version, written, body)
-- ARGV  1 channel   2 the version seen (0: none)   3 the version to be   4 the id of this write   5 body
-- Returns {1, version} if written, now or before by this very write; else {0, version}.

local head = redis.call('HMGET', KEYS[1], 'version', 'written')
local version = tonumber(head[1] or '0')
if head[2] == ARGV[4] then
  return {1, version}
end
if version ~= tonumber(ARGV[2]) then
  return {0, version}
end
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'written', ARGV[4], 'body', ARGV[5])
redis.call('PUBLISH', ARGV[1], ARGV[3])
return {1, tonumber(ARGV[3])}
