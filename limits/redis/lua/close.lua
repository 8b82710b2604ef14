-- A = {gen, scope, why}: close a scope for a reason, or open it again with none (not a run). Returns 1 if that changed it.
local key = P .. 'a:' .. A[2]
if is_run(A[2]) then
  local acc = account(A[2])
  if not acc or acc.k or A[3] == '' then return 0 end
end
if A[3] == '' then return call('HDEL', key, 'k') end
call('HSET', key, 'k', A[3])
return 1
