-- KEYS[1] = th:{tenant}:r; A = {now, call, place {key, at most, until} or false, rates {{key, cost, burst}}}: let a call in, or
-- take nothing. Times are ticks of a sixteenth of a microsecond; `cost` is what the call moves a rate's arrival time by.
-- A place is free again when its call has left, or at `until`.
-- Returns packed {refused (0: let in, -1: no place, else which rate), {how far each rate's arrival time is ahead}}.
local A = cmsgpack.unpack(ARGV[1])
local call, P, now, place, rates = redis.call, KEYS[1], A[1], A[3], A[4]
local refused, ahead = 0, {}
if place then
  local key = P .. place[1]
  call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now))
  if call('ZCARD', key) >= place[2] then return cmsgpack.pack({-1, {}}) end
end
for i, rate in ipairs(rates) do
  ahead[i] = math.max(0, tonumber(call('GET', P .. rate[1]) or 0) - now)
  if refused == 0 and ahead[i] + rate[2] > rate[3] then refused = i end
end
if refused == 0 then
  if place then
    call('ZADD', P .. place[1], string.format('%.0f', place[3]), A[2])
    call('EXPIRE', P .. place[1], 172800)
  end
  for i, rate in ipairs(rates) do
    ahead[i] = ahead[i] + rate[2]
    if ahead[i] > 0 then
      call('SET', P .. rate[1], string.format('%.0f', now + ahead[i]), 'PX', math.ceil(ahead[i] / 16000) + 1000)
    end
  end
end
return cmsgpack.pack({refused, ahead})
