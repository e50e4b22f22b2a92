-- Read entries of a session's log as one text, which costs a client a hundredth of taking answers apart.
--
-- KEYS  1 log (stream)   ARGV  1 where to begin (as XRANGE)   2 how many at most
-- Returns three lines an entry: its id, its command, its event (JSON, so without line breaks).

local lines = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])) do
  local fields = {}
  for i = 1, #entry[2], 2 do
    fields[entry[2][i]] = entry[2][i + 1]
  end
  lines[#lines + 1] = entry[1]
  lines[#lines + 1] = fields['command']
  lines[#lines + 1] = fields['event']
end
return table.concat(lines, '\n')
