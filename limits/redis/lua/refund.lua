-- A = {gen, id, scopes, starts at the time of the hold, amounts, told}: give back, once, in the windows of that time.
-- Without scopes: the charge is confirmed as it is. Returns 1, or 0 if the charge is not listed.
if call('HDEL', P .. 'M', A[2]) == 0 then return 0 end
call('ZREM', P .. 'X', A[2])
call('ZREM', P .. 'N', A[2])
call('PUBLISH', 'th:marks', A[6])
for _, scope in ipairs(A[3]) do
  local acc, flat = account(scope)
  if acc then
    local done = {}
    for f = 1, #flat, 2 do
      local name = flat[f]
      local d, w, dw = byte(name, 2) and byte(name, 2) - 47, sub(name, 3, 3), sub(name, 2, 3)
      if byte(name) == 76 and w ~= 'c' and d ~= 5 and not done[dw] then
        done[dw] = true
        local key = P .. 'a:' .. scope
        if w ~= 't' then key = key .. ':' .. w .. ':' .. A[4][w] end
        if A[5][d] ~= 0 and call('EXISTS', key) == 1 then
          call('HINCRBY', key, 'u' .. dw, -A[5][d])
          call('HINCRBY', key, 's' .. dw, -A[5][d])
        end
      end
    end
    tally(scope, A[4].d, {-A[5][1], -A[5][2], -A[5][3]}, 0)
  end
end
wake_all(A[3])
return 1
