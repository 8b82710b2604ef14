-- A = {gen, now, run, fields, parent, expires}: open a run, counted as an agent in every ancestor.
-- Returns packed {'open', opened, expires} (also if it stands with these very fields) | {'taken'} | a refusal as count.lua.
local key = P .. 'a:run:' .. A[3]
local standing = account('run:' .. A[3])
if standing then
  local same = (standing.p or '') == A[5] and not closed(standing, A[2])
  for name, value in pairs(A[4]) do same = same and standing[name] == value end
  if same then return cmsgpack.pack({'open', standing.o, standing.X or standing.x}) end
  return cmsgpack.pack({'taken'})
end
local expires = A[6]
if A[5] ~= '' then
  local scopes, accounts, unknown = lineage(A[5])
  if unknown then return cmsgpack.pack({'ended', unknown, 'unknown'}) end
  for i, acc in ipairs(accounts) do
    local why = closed(acc, A[2])
    if why then return cmsgpack.pack({'ended', scopes[i], why}) end
  end
  for below, acc in ipairs(accounts) do
    if acc.ld and below > tonumber(acc.ld) then
      return cmsgpack.pack({'exceeded', scopes[below], acc.ld, below - 1, 'depth'})
    end
  end
  for i, acc in ipairs(accounts) do
    local actual = tonumber(acc.na or 0)
    if acc.la and actual + 1 > tonumber(acc.la) then
      return cmsgpack.pack({'exceeded', scopes[i], acc.la, actual, 'agents'})
    end
  end
  for _, scope in ipairs(scopes) do call('HINCRBY', P .. 'a:' .. scope, 'na', 1) end
  expires = math.min(expires, tonumber(accounts[1].x))
end
for name, value in pairs(A[4]) do call('HSET', key, name, value) end
local text = string.format('%.0f', A[2])
call('HSET', key, 'o', text, 'x', string.format('%.0f', expires), 'p', A[5])
call('PEXPIRE', key, string.format('%.0f', math.floor((expires - A[2]) / 1000) + 86400000))
return cmsgpack.pack({'open', text, string.format('%.0f', expires)})
