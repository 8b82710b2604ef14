-- KEYS[1] = th:{tenant}:r; A = {now, call, place or false, rate or false, ticks}: a call leaves its place, and gives back what
-- it took of a rate and did not use.
local A = cmsgpack.unpack(ARGV[1])
local call, P, now = redis.call, KEYS[1], A[1]
if A[3] then call('ZREM', P .. A[3], A[2]) end
if A[4] then
  local ahead = math.max(0, tonumber(call('GET', P .. A[4]) or 0) - now - A[5])
  if ahead > 0 then
    call('SET', P .. A[4], string.format('%.0f', now + ahead), 'PX', math.ceil(ahead / 16000) + 1000)
  else
    call('DEL', P .. A[4])
  end
end
return 1
