"""The script that Redis runs for each exchange: all of it happens at once, as seen by everybody else.

Of each account there is a hash (`spent`, `reserved`, `refused`) and a sorted set of what is reserved: `ID|AMOUNT` by
the moment it expires, which is told by the clock of the server. Amounts travel as text: what Lua makes of a large
number is no integer any more. All are smaller than 2^53, so that its doubles compare them exactly.

    KEYS   1: numbers of batches seen of this client; then of each account its hash and its sorted set
    ARGV   1 number of the batch, 2 seconds to remember it, 3 seconds until a reservation expires
           4 how many accounts; then for each the seconds it is kept, empty for ever
           how many postings; then for each: account, member or empty, reserved, charge
           how many holds; then for each how many reservations, and for each of these: account, member, amount, cap
           or empty

Returns a flat list: spent, reserved, refused of each posting; then for each hold the number of the reservation that is
refused or 0, whether that was the first time, and the three numbers of each of its accounts.
"""

from __future__ import annotations

from typing import Final

SCRIPT: Final = """
local at = 0
local function arg() at = at + 1 return ARGV[at] end

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local number, memory, patience = tonumber(arg()), arg(), tonumber(arg()) * 1000
local accounts = tonumber(arg())
local keep = {}
for i = 1, accounts do keep[i] = arg() end

local function counter(i) return KEYS[2 * i] end
local function held(i) return KEYS[2 * i + 1] end
local function kept(i)
  if keep[i] ~= '' then
    redis.call('EXPIRE', counter(i), keep[i])
    redis.call('EXPIRE', held(i), keep[i])
  end
end
local function release(i, member, amount)
  if redis.call('ZREM', held(i), member) == 1 then
    redis.call('HINCRBY', counter(i), 'reserved', '-' .. amount)
  end
end
local function balance(i)
  local found = redis.call('HMGET', counter(i), 'spent', 'reserved', 'refused')
  return tonumber(found[1] or 0), tonumber(found[2] or 0), tonumber(found[3] or 0)
end

for i = 1, accounts do
  local expired = redis.call('ZRANGEBYSCORE', held(i), '-inf', now)
  for _, member in ipairs(expired) do
    release(i, member, string.match(member, '|(%d+)$'))
  end
end

local said = {}
local postings = tonumber(arg())
local fresh = false
if postings > 0 then
  fresh = number > tonumber(redis.call('GET', KEYS[1]) or 0)
end
for _ = 1, postings do
  local i, member, reserved, charge = tonumber(arg()), arg(), arg(), arg()
  if fresh then
    if member ~= '' then release(i, member, reserved) end
    if charge ~= '0' then
      redis.call('HINCRBY', counter(i), 'spent', charge)
      kept(i)
    end
  end
  local spent, waiting, refused = balance(i)
  said[#said + 1] = spent
  said[#said + 1] = waiting
  said[#said + 1] = refused
end
if fresh then redis.call('SET', KEYS[1], number, 'EX', memory) end

local holds = tonumber(arg())
for _ = 1, holds do
  local wanted = tonumber(arg())
  local asked = {}
  local refusing, first = 0, 0
  for j = 1, wanted do
    local i, member, amount, cap = tonumber(arg()), arg(), arg(), arg()
    local spent, waiting, refused = balance(i)
    asked[j] = {i, member, amount, spent, waiting, refused}
    if refusing == 0 and cap ~= '' and spent + waiting + tonumber(amount) > tonumber(cap)
        and not redis.call('ZSCORE', held(i), member) then
      refusing = j
      if refused == 0 and (spent + waiting) * 5 >= tonumber(cap) * 4 then
        redis.call('HSET', counter(i), 'refused', 1)
        kept(i)
        if spent < tonumber(cap) then first = 1 end
      end
    end
  end
  said[#said + 1] = refusing
  said[#said + 1] = first
  for j = 1, wanted do
    local i, member, amount = asked[j][1], asked[j][2], asked[j][3]
    if refusing == 0 and amount ~= '0' and redis.call('ZADD', held(i), now + patience, member) == 1 then
      asked[j][5] = tonumber(redis.call('HINCRBY', counter(i), 'reserved', amount))
      kept(i)
    end
    said[#said + 1] = asked[j][4]
    said[#said + 1] = asked[j][5]
    said[#said + 1] = asked[j][6]
  end
end
return said
"""
