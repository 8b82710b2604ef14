-- KEYS[1] = th:breaker:<name>; A = {what, name, epoch, state, until, openings, probe until, who}: how one process has a
-- breaker. 'turn': it changed its state, which counts if no other has made that change; 'fail' and 'well': a closed one
-- failed, or does no longer. Instants are microseconds UTC. What changes is published; a record lives a week unchanged.
-- Returns packed {name, epoch, state, until, openings, failures, probe until, who} as it stands now.
local A = cmsgpack.unpack(ARGV[1])
local call, key, epoch = redis.call, KEYS[1], A[3]
local stands = call('HMGET', key, 'e', 's', 'u', 'o', 'f', 'p', 'w')
local before = tonumber(stands[1] or 0)
local changed = false
if epoch > before then
  call('HSET', key, 'e', epoch, 's', A[4], 'u', string.format('%.0f', A[5]), 'o', A[6], 'f', 0,
    'p', string.format('%.0f', A[7]), 'w', A[8])
  changed = true
end
if epoch >= before and A[4] == 'closed' and (changed or not stands[2] or stands[2] == 'closed') then
  if A[1] == 'fail' then
    if epoch == 0 and not stands[2] then call('HSET', key, 'e', 0, 's', 'closed', 'u', '0', 'o', 0, 'p', '0', 'w', '') end
    call('HINCRBY', key, 'f', 1)
    changed = true
  elseif A[1] == 'well' and stands[5] and stands[5] ~= '0' then
    call('HSET', key, 'f', 0)
    changed = true
  end
end
stands = call('HMGET', key, 'e', 's', 'u', 'o', 'f', 'p', 'w')
local function number(at) return tonumber(stands[at] or 0) end
local told = cmsgpack.pack({A[2], number(1), stands[2] or 'closed', number(3), number(4), number(5), number(6), stands[7] or ''})
if changed then
  call('EXPIRE', key, 604800)
  call('PUBLISH', 'th:breakers', told)
end
return told
