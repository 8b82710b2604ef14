-- A = {gen, id, replaced}: a hold whose intent never became durable, or a wait that is given up, is forgotten.
leave(A[2])
local hold = hold_of(A[2])
if not hold then return 0 end
stand(hold, function() return 0 end)
call('DEL', P .. 'h:' .. A[2])
call('ZREM', P .. 'o', A[2])
local before = A[3] ~= '' and hold_of(A[3])
if before and before[CHARGE] then
  before[FOLLOWER] = ''
  local charge = before[CHARGE]
  charge[5] = 1
  cover(before, charge)
  charge[5] = 0
  keep(A[3], before)
end
wake_all(hold[SCOPES])
return 1
