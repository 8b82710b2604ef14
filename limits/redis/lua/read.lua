-- A = {gen, zone, starts, scopes, run}: read accounts with their current windows; of `run` (if not '') its lineage.
-- Returns packed {{scope, flat account, {<d><w> = {used, settled}}}}; an unknown scope has an empty account.
local zone = call('GET', P .. 'z') or 'UTC'
if zone ~= A[2] then return redis.error_reply('ZONE ' .. zone) end
local scopes = A[4]
if A[5] ~= '' then scopes = lineage(A[5]) end
local answer = {}
for i, scope in ipairs(scopes) do
  local acc, flat = account(scope)
  if not acc then flat = {} end
  local windows, any = {}, false
  for f = 1, #flat, 2 do
    local w = sub(flat[f], 3, 3)
    if byte(flat[f]) == 76 and w ~= 't' and w ~= 'c' then
      local dw = sub(flat[f], 2, 3)
      local pair = call('HMGET', P .. 'a:' .. scope .. ':' .. w .. ':' .. A[3][w], 'u' .. dw, 's' .. dw)
      windows[dw], any = {pair[1] or '0', pair[2] or '0'}, true
    end
  end
  answer[i] = {scope, flat, any and windows or false}
end
return cmsgpack.pack(answer)
