"""The steps in which Redis changes a tenant's context: each is one Lua script, so that nothing comes in between.

    context:TENANT          ZSET: a marker that is always lowest, then at most WINDOW_SIZE decisions by time
    context-pending:TENANT  ZSET: what was remembered lately, whether or not there is a window
    context-filling:TENANT  there while someone who missed the window may bring it from Neo4j

Why the window is right after quiet, in whatever order writers and readers come: a decision that was remembered before
the window was filled is in `pending`, and filling takes that in; one remembered later finds the window there. The
window of the newest in two sets is made of the windows of each: so trimming loses nothing.

Should Redis lose keys between a reader's miss and its fill, `filling` is lost with them, and the fill, which may be
older than what was lost, is refused. A Redis that was killed may come back without its last second, so the marker and
`filling` name the life in which they were written: what is of an earlier one is as good as lost.
"""

from typing import Final

MARKER: Final = b"window "  # then the server's run id

_TOOLS = """
local life = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local marker = 'window ' .. life
local function drop_foreign(key)
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'zset' and kind ~= 'none' then redis.call('DEL', key) return 1 end
  return 0
end
local function drop_window_unless_live(key)
  local dropped = drop_foreign(key)
  if dropped == 0 and redis.call('EXISTS', key) == 1 and not redis.call('ZSCORE', key, marker) then
    local lowest = redis.call('ZRANGE', key, 0, 0)[1]
    redis.call('DEL', key)
    if string.sub(lowest, 1, 7) ~= 'window ' then return 1 end
  end
  return dropped
end
local function trim_window(key, size, ttl_ms)
  redis.call('ZREMRANGEBYRANK', key, 1, -(size + 1))
  redis.call('PEXPIRE', key, ttl_ms)
end
"""

# KEYS window filling; ARGV lease_ms most. Returns {window or false, 1 when a foreign value was dropped}
READ: Final = (
    _TOOLS
    + """
local dropped = drop_window_unless_live(KEYS[1])
if redis.call('EXISTS', KEYS[1]) == 1 then
  return {redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[2]), 'WITHSCORES'), dropped}
end
redis.call('SET', KEYS[2], life, 'PX', ARGV[1])
return {false, dropped}
"""
)

# KEYS window pending; ARGV ttl_ms pending_ttl_ms size score member. Returns how many foreign values were dropped
REMEMBER: Final = (
    _TOOLS
    + """
local dropped = drop_window_unless_live(KEYS[1]) + drop_foreign(KEYS[2])
local size = tonumber(ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[5])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -(size + 1))
redis.call('PEXPIRE', KEYS[2], ARGV[2])
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('ZADD', KEYS[1], ARGV[4], ARGV[5])
  trim_window(KEYS[1], size, ARGV[1])
end
return dropped
"""
)

# KEYS window pending filling; ARGV ttl_ms size, then score member for each decision. Returns as REMEMBER does
FILL: Final = (
    _TOOLS
    + """
if redis.call('TYPE', KEYS[3]).ok ~= 'string' or redis.call('GET', KEYS[3]) ~= life then return 0 end
local dropped = drop_window_unless_live(KEYS[1]) + drop_foreign(KEYS[2])
redis.call('ZADD', KEYS[1], '-inf', marker)
for at = 3, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[at], ARGV[at + 1]) end
local pending = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
for at = 1, #pending, 2 do redis.call('ZADD', KEYS[1], pending[at + 1], pending[at]) end
trim_window(KEYS[1], tonumber(ARGV[2]), ARGV[1])
return dropped
"""
)

# KEYS window pending filling. All that may be damaged goes, and the leave to fill: the next miss gives it again.
DISCARD: Final = "redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])"
