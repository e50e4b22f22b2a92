-- Forget a session: its keys are deleted, and a mark is left so that no worker writes back what it remembers.
--
-- KEYS  1 head   2.. all others of the session   ARGV  1 channel   2 seconds the mark is kept

redis.call('DEL', unpack(KEYS))
redis.call('HSET', KEYS[1], 'gone', '1')
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[1], '0 0 ')
return 1
