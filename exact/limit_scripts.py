"""The quick half of the call limiter: one script, run inside Redis, by Redis's clock.

Keys below `exact:calls:{client id}:{site}:{division}`: `:m:N` calls of clock minute N, `:d:N` calls of UTC day N by
class, `:limits` what Exact's headers said and until when calls are forbidden, `:open:ENDPOINT` since when an endpoint
is not called any more, `:probe:ENDPOINT` that one try is under way, `:refused:ENDPOINT` the refusals of the last hour.
"""

ENTER = """
local now = tonumber(redis.call('TIME')[1])
local base, class, endpoint = KEYS[1], ARGV[1], ARGV[2]
local minute, day = math.floor(now / 60), math.floor(now / 86400)
local limits = redis.call('HMGET', base .. ':limits', 'minute', 'day', 'blocked', 'others', 'others_day')
local minute_limit = tonumber(limits[1] or ARGV[4])
local day_limit = tonumber(limits[2] or ARGV[5])
local blocked = tonumber(limits[3] or '0')
if blocked > now then return {'blocked', blocked, minute, day} end
local minute_key, day_key = base .. ':m:' .. minute, base .. ':d:' .. day
local used = redis.call('GET', minute_key)
local opened = redis.call('GET', base .. ':open:' .. endpoint)
if opened and now < tonumber(opened) + 3600 then return {'open', tonumber(opened) + 3600, minute, day} end
if not used then return {'cold', 0, minute, day, redis.call('HGETALL', day_key)} end
if tonumber(used) >= math.floor(minute_limit * 5 / 6) then return {'minute', (minute + 1) * 60, minute, day} end
local total = 0
local counts = redis.call('HVALS', day_key)
for _, count in ipairs(counts) do total = total + tonumber(count) end
local others = 0
if tonumber(limits[5] or '-1') == day then others = tonumber(limits[4]) end
local own = tonumber(redis.call('HGET', day_key, class) or '0')
local allowed = math.floor(day_limit * tonumber(ARGV[3]) / 100)
if ARGV[6] ~= '' then
  local so_far = day_limit * tonumber(ARGV[7]) / 100 * (now % 86400) / 86400
  local spent = tonumber(redis.call('HGET', day_key, ARGV[6]) or '0')
  allowed = allowed + math.max(0, math.floor(so_far) - spent)
end
if total + others >= day_limit or (own >= allowed and ARGV[6] == '') then
  return {'day', (day + 1) * 86400, minute, day}
end
if own >= allowed then return {'day', now + 600, minute, day} end
if opened and not redis.call('SET', base .. ':probe:' .. endpoint, '1', 'NX', 'EX', 60) then
  return {'open', now + 60, minute, day}
end
redis.call('INCR', minute_key)
redis.call('HINCRBY', day_key, class, 1)
return {'go', opened and 1 or 0, minute, day, minute_limit, day_limit, total + 1, others}
"""

WARM = """
local now = tonumber(redis.call('TIME')[1])
local base, minute, day = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
if math.floor(now / 60) ~= minute then return 0 end
local seed = cjson.decode(ARGV[3])
for class, count in pairs(seed.calls) do
  local known = tonumber(redis.call('HGET', base .. ':d:' .. day, class) or '0')
  if count > known then redis.call('HSET', base .. ':d:' .. day, class, count) end
end
redis.call('EXPIRE', base .. ':d:' .. day, 172800)
for name, value in pairs(seed.limits) do redis.call('HSETNX', base .. ':limits', name, value) end
redis.call('EXPIRE', base .. ':limits', 172800)
for endpoint, opened in pairs(seed.opened) do
  redis.call('SET', base .. ':open:' .. endpoint, opened, 'EX', 86400)
end
redis.call('SET', base .. ':m:' .. minute, '0', 'NX', 'EX', 130)
return 1
"""

REFUSED = """
local now = tonumber(redis.call('TIME')[1])
local base, endpoint = KEYS[1], ARGV[1]
local key = base .. ':refused:' .. endpoint
redis.call('ZADD', key, now, ARGV[2])
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - 3600)
redis.call('EXPIRE', key, 3600)
local count = redis.call('ZCARD', key)
local probing = redis.call('GET', base .. ':open:' .. endpoint)
if count >= tonumber(ARGV[3]) or probing then
  redis.call('SET', base .. ':open:' .. endpoint, now, 'EX', 86400)
  redis.call('DEL', base .. ':probe:' .. endpoint)
  return now
end
return 0
"""

FORGET = """
local base, before = KEYS[1], tonumber(ARGV[1])
for at = 2, #ARGV do
  local opened = redis.call('GET', base .. ':open:' .. ARGV[at])
  if opened and tonumber(opened) < before then
    redis.call('DEL', base .. ':open:' .. ARGV[at], base .. ':probe:' .. ARGV[at])
  end
  redis.call('ZREMRANGEBYSCORE', base .. ':refused:' .. ARGV[at], '-inf', '(' .. ARGV[1])
end
return 0
"""

BARE_REFUSAL = """
local key = KEYS[1] .. ':bare'
local count = redis.call('INCR', key)
redis.call('EXPIRE', key, 1200)
return count
"""
