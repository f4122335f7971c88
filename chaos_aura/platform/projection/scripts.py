"""Steps that Redis makes whole or not at all."""

# KEYS: the pointer that has to name the generation, the generation's positions.
# ARGV: generation, partition, position that the caller believes in ("" for none), the next one, seconds to remember
# events for, the effects as [[seen key, mark, usage key, [field, amount, ...]], ...]
APPLY = """
local named = redis.call('GET', KEYS[1]) or ''
if named ~= ARGV[1] then return {'overtaken', named} end
local position = redis.call('HGET', KEYS[2], ARGV[2]) or ''
if position ~= ARGV[3] then return {'elsewhere', position} end
local applied, duplicates = 0, 0
for _, effect in ipairs(cjson.decode(ARGV[6])) do
    local seen, mark, usage, additions = effect[1], effect[2], effect[3], effect[4]
    if redis.call('HSETNX', seen, mark, 1) == 1 then
        for i = 1, #additions, 2 do redis.call('HINCRBY', usage, additions[i], additions[i + 1]) end
        applied = applied + 1
    else
        redis.call('HINCRBY', usage, 'duplicates', 1)
        duplicates = duplicates + 1
    end
    redis.call('EXPIRE', seen, ARGV[5])
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
return {'applied', applied, duplicates}
"""

# KEYS: pointer, numbers. The generation that counts; made where there is none.
BEGIN = """
local named = redis.call('GET', KEYS[1])
if not named then
    named = tostring(redis.call('INCR', KEYS[2]))
    redis.call('SET', KEYS[1], named)
end
return named
"""

# KEYS: pointer, numbers. ARGV: a generation. A new, empty one in its place, if it still counts.
RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], redis.call('INCR', KEYS[2])) end
"""

# KEYS: live pointer, building pointer. ARGV: a generation. It counts from now on, if it is still the one being built.
SWITCH = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return 1
"""

# KEYS: pointer. ARGV: tenant. Its usage in the generation that counts.
READ = """
local named = redis.call('GET', KEYS[1])
if not named then return {} end
return redis.call('HGETALL', 'usage:' .. named .. ':' .. ARGV[1])
"""
