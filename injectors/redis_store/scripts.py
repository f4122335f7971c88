"""What Redis does in one step each, so that the platform never sees half of it. A window is [member, score, ...]."""

from typing import Final

_TOOLS = """
local function window_of(key)
  if redis.call('TYPE', key).ok ~= 'zset' then return false end
  return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
end
local function same(window, from)
  if not window or #window ~= #ARGV - from + 1 then return false end
  for at = 1, #window do if window[at] ~= ARGV[from + at - 1] then return false end end
  return true
end
local function pending_digest(key)
  local pending = window_of(key)
  return redis.sha1hex(pending and table.concat(pending, ' ') or '')
end
local function now_ms()
  local now = redis.call('TIME')
  return now[1] * 1000 + math.floor(now[2] / 1000)
end
"""

# KEYS window. Returns {window, when it expires in ms since 1970 or 0}, or nothing where it is none.
# Before Redis 7 nobody tells that moment; it is exact when no millisecond has ended between the two clocks.
READ: Final = (
    _TOOLS
    + """
local window = window_of(KEYS[1])
if not window then return false end
local left, at, after
for _ = 1, 100 do
  at = now_ms()
  left = redis.call('PTTL', KEYS[1])
  after = now_ms()
  if at == after then break end
end
return {window, left < 0 and '0' or string.format('%.0f', at + left)}
"""
)

# KEYS window; ARGV former member, member that takes its place, score. Its expiry stays as it is.
SWAP: Final = """
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then return 0 end
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) ~= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], score, ARGV[2])
redis.call('ZREM', KEYS[1], ARGV[1])
return 1
"""

# KEYS window pending removed; ARGV how long the note is kept in ms, then the window as it must still be.
# The note says what else was remembered of this tenant, and when: what is put back later must not be out of date.
EVICT: Final = (
    _TOOLS
    + """
if not same(window_of(KEYS[1]), 2) then return 0 end
redis.call('HSET', KEYS[3], KEYS[1], pending_digest(KEYS[2]) .. ':' .. string.format('%.0f', now_ms()))
redis.call('PEXPIRE', KEYS[3], ARGV[1])
redis.call('DEL', KEYS[1])
return 1
"""
)

_STATE = (
    _TOOLS
    + """
local function state(keys, expires_ms, pending_ttl_ms)
  local note = redis.call('HGET', keys[3], keys[1])
  if redis.call('EXISTS', keys[1]) == 1 then return 'there' end
  if not note then return 'left' end
  local digest, at_ms = string.match(note, '(%w+):(%d+)')
  if expires_ms > 0 and expires_ms <= now_ms() then return 'expired' end
  if digest ~= pending_digest(keys[2]) or now_ms() - at_ms > pending_ttl_ms then return 'outdated' end
  return 'missing'
end
"""
)

# KEYS window pending removed; ARGV expiry in ms since 1970 or 0, how long the platform keeps `pending` in ms
LOOK: Final = _STATE + "return state(KEYS, tonumber(ARGV[1]), tonumber(ARGV[2]))"

# The same, then the window. Only what is missing is put back.
RESTORE: Final = (
    _STATE
    + """
local found = state(KEYS, tonumber(ARGV[1]), tonumber(ARGV[2]))
redis.call('HDEL', KEYS[3], KEYS[1])
if found ~= 'missing' then return found end
for at = 3, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[at + 1], ARGV[at]) end
if ARGV[1] ~= '0' then redis.call('PEXPIREAT', KEYS[1], ARGV[1]) end
return 'restored'
"""
)
