-- A = {gen, seen, now, zone, starts, id, scopes, amounts, expires, entry, call caps {{d, limit}}, replaces, its charge,
--      may wait, run, process, has waited}
-- Returns the count of holds and charges, or packed: {'ended', scope, why} | {'exceeded' | 'held', scope, d, w, limit,
-- settled, used, wanted}; figures as text.
local now, starts, id, scopes, want = A[3], A[5], A[6], A[7], A[8]
local waits, has_waited = A[14] == 1, A[17] == 1
local zone = call('GET', P .. 'z') or 'UTC'
if zone ~= A[4] then return redis.error_reply('ZONE ' .. zone) end
if call('INCR', P .. 'n') <= A[2] then return redis.error_reply('BEHIND fewer holds than the caller knows of') end
if call('EXISTS', P .. 'h:' .. id) == 1 then return redis.error_reply('TAKEN by an open hold') end

local function refuse(answer)
  if has_waited then leave(id) end
  return cmsgpack.pack(answer)
end

local accounts, flats = {}, {}
for i, scope in ipairs(scopes) do
  local acc, flat = account(scope)
  if not acc and is_run(scope) then return refuse({'ended', scope, 'unknown'}) end
  local why = acc and closed(acc, now)
  if why then return refuse({'ended', scope, why}) end
  accounts[i], flats[i] = acc or {}, flat
end
for _, cap in ipairs(A[11]) do
  local d, limit = cap[1], cap[2]
  if want[d + 1] > limit then return refuse({'exceeded', 'call', d, 'c', tostring(limit), '0', '0', want[d + 1]}) end
end

-- What the predecessor's hold stands with counts only as far as it is charged.
local before, freed = nil, {}
if A[12] ~= '' then
  before = hold_of(A[12])
  if not before or before[FOLLOWER] ~= '' then return redis.error_reply('GONE or followed already') end
  for _, cell in ipairs(before[CELLS]) do freed[cell[1] .. cell[2]] = cell[3] - A[13][byte(cell[2]) - 47] end
end

local cells, known, held = {}, {}, nil
for i, scope in ipairs(scopes) do
  local acc, flat = accounts[i], flats[i]
  for f = 1, #flat, 2 do
    local name = flat[f]
    if byte(name) == 76 then
      local d, w, hard = byte(name, 2) - 47, sub(name, 3, 3), sub(name, 4, 4) == 'H'
      local text = flat[f + 1]
      local limit = tonumber(text)
      if w == 'c' then
        if hard and want[d] > limit then return refuse({'exceeded', scope, d - 1, w, text, '0', '0', want[d]}) end
      else
        local dw, key = sub(name, 2, 3), 'a:' .. scope
        local used, settled
        if w == 't' then
          used, settled = acc['u' .. dw], acc['s' .. dw]
        else
          key = key .. ':' .. w .. ':' .. starts[w]
          local pair = call('HMGET', P .. key, 'u' .. dw, 's' .. dw)
          used, settled = pair[1], pair[2]
        end
        local cell = known[key .. dw]
        if not cell then
          cell = {key, dw, want[d], false, scope, not used}
          known[key .. dw] = cell
          cells[#cells + 1] = cell
        end
        used, settled = used or '0', settled or '0'
        if hard then
          if want[d] > limit - tonumber(settled) then
            return refuse({'exceeded', scope, d - 1, w, text, settled, used, want[d]})
          end
          if not held and want[d] > limit - (tonumber(used) - (freed[key .. dw] or 0)) then
            held = {'held', scope, d - 1, w, text, settled, used, want[d]}
          end
        else
          cell[4] = limit
        end
      end
    end
  end
end

if call('EXISTS', P .. 'Q') == 1 then
  for i, scope in ipairs(scopes) do
    if call('SISMEMBER', P .. 'Q', scope) == 1 then
      local ticket = first(scope)
      if ticket and ticket ~= id and not (held and held[2] == scope) then
        held = {'held', scope, 0, 't', '0', '0', '0', want[1]}
        for _, cell in ipairs(cells) do
          if cell[5] == scope then
            local d, w = byte(cell[2]) - 48, sub(cell[2], 2, 2)
            local limit = accounts[i]['L' .. cell[2] .. 'H']
            local pair = call('HMGET', P .. cell[1], 'u' .. cell[2], 's' .. cell[2])
            held = {'held', scope, d, w, limit or '0', pair[2] or '0', pair[1] or '0', want[d + 1]}
          end
        end
        break
      end
    end
  end
end
if held then
  if waits then enter(id, held[2], A[15], A[16]) elseif has_waited then leave(id) end
  return cmsgpack.pack(held)
end

for _, cell in ipairs(cells) do
  if cell[3] ~= 0 or cell[6] then call('HINCRBY', P .. cell[1], 'u' .. cell[2], cell[3]) end
  local w = sub(cell[2], 2, 2)
  if cell[6] and w ~= 't' then call('EXPIRE', P .. cell[1], TTL[w]) end
  cell[6] = nil
end
keep(id, {A[10], want, A[9], cells, scopes, starts.d, now, '', false})
call('ZADD', P .. 'o', A[9], id)
if before then
  local charge = A[13]
  stand(before, function(d, cell)
    local covered = known[cell[1] .. cell[2]] and want[d] or 0
    return math.max(before[AMOUNTS][d] - covered, charge[d])
  end)
  before[FOLLOWER], before[CHARGE] = id, charge
  keep(A[12], before)
end
if has_waited then leave(id) end
return tonumber(call('GET', P .. 'n'))
