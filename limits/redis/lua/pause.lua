-- A = {gen, now, run, on}: a run's wall-clock stands still, or goes on.
local acc = account('run:' .. A[3])
if not acc then return 0 end
local key, at = P .. 'a:run:' .. A[3], tonumber(acc.q or 0)
if A[4] == 1 then
  if at == 0 then call('HSET', key, 'q', string.format('%.0f', A[2])) end
elseif at ~= 0 then
  call('HINCRBY', key, 'Q', math.max(0, A[2] - at))
  call('HSET', key, 'q', 0)
end
return 1
