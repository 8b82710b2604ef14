-- A = {gen, now, run, counter, number}: take a count in a run and its ancestors, or nothing; a number below zero is given
-- back, never below zero. Returns 1, or packed {'ended', scope, why} | {'exceeded', scope, limit, actual}.
local scopes, accounts, unknown = lineage(A[3])
local counter, number = A[4], A[5]
if unknown then return cmsgpack.pack({'ended', unknown, 'unknown'}) end
if number > 0 then
  for i, acc in ipairs(accounts) do
    local why = closed(acc, A[2])
    if why then return cmsgpack.pack({'ended', scopes[i], why}) end
  end
  for i, acc in ipairs(accounts) do
    local limit, actual = acc['l' .. counter], tonumber(acc['n' .. counter] or 0)
    if limit and actual + number > tonumber(limit) then
      return cmsgpack.pack({'exceeded', scopes[i], limit, actual})
    end
  end
end
for i, scope in ipairs(scopes) do
  local by = math.max(number, -tonumber(accounts[i]['n' .. counter] or 0))
  call('HINCRBY', P .. 'a:' .. scope, 'n' .. counter, by)
end
return 1
