-- A = {gen, seen, id, charge, told}: the charge of a hold is durable. `told` is what to list if it is not simply the bill.
-- Returns 0 if no such hold stands, 2 if it was expired before, else the packed crossings.
local id, told = A[3], A[5]
if call('INCR', P .. 'n') <= A[2] then return redis.error_reply('BEHIND fewer holds than the caller knows of') end
local hold = hold_of(id)
if not hold then
  if call('ZSCORE', P .. 'X', id) then return 2 end
  return 0
end
local crossed = close(id, hold, A[4])
if told ~= '' then mark(id, told) end
return cmsgpack.pack(crossed)
