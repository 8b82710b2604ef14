-- A = {gen, now, scope, caps {name = limit}, zone, starts, days {w = {day starts}}, starts in the zone before or false}:
-- replace a scope's caps.
-- A new cap counts what was settled in its window (day tallies; minute and hour begin at 0) and what is held in it.
-- Returns packed {changed (-1: there is no such run), the tenant's marked charges}.
local scope, caps, starts = A[3], A[4], A[6]
local key = 'a:' .. scope
local zone = call('GET', P .. 'z') or 'UTC'
if zone ~= A[5] and not A[8] and call('EXISTS', P .. 'z') == 1 then return redis.error_reply('ZONE ' .. zone) end
local acc = account(scope) or {}
if is_run(scope) and not acc.x then return cmsgpack.pack({-1, {}}) end
if zone ~= A[5] then call('SET', P .. 'z', A[5]) end
local changed, had, has = zone ~= A[5], {}, {}
for name, limit in pairs(acc) do
  if byte(name) == 76 then
    had[sub(name, 2, 3)] = true
    if not caps[name] then
      changed = true
      call('HDEL', P .. key, name)
    end
  end
end
for name, limit in pairs(caps) do
  has[sub(name, 2, 3)] = true
  if acc[name] ~= limit then
    changed = true
    call('HSET', P .. key, name, limit)
  end
end
local listed = {}
if sub(scope, 1, 7) == 'tenant:' then listed = call('HVALS', P .. 'M') end
if not changed then return cmsgpack.pack({0, listed}) end

local TALLIES = {'tn', 'ti', 'to'}
local function settled_in(d, w)
  if w == 'm' or w == 'h' or d == 5 then return 0 end
  local sum = 0
  local keys = {}
  if w == 't' then keys[1] = P .. key else
    for i, day in ipairs(A[7][w]) do keys[i] = P .. key .. ':d:' .. day end
  end
  for _, k in ipairs(keys) do
    for t = 1, 3 do
      if d == t or (d == 4 and t > 1) then sum = sum + tonumber(call('HGET', k, TALLIES[t]) or 0) end
    end
  end
  return sum
end

local function cell_key(w)
  if w == 't' then return key end
  return key .. ':' .. w .. ':' .. starts[w]
end

local fresh = {}
for dw in pairs(had) do
  if not has[dw] then call('HDEL', P .. cell_key(sub(dw, 2, 2)), 'u' .. dw, 's' .. dw) end
end
for dw in pairs(has) do
  local d, w = byte(dw) - 47, sub(dw, 2, 2)
  if had[dw] and A[8] and starts[w] and A[8][w] ~= starts[w] then
    -- The zone changed: what was used of the window before counts on in the one that it is now.
    local old = call('HMGET', P .. key .. ':' .. w .. ':' .. A[8][w], 'u' .. dw, 's' .. dw)
    call('HSET', P .. cell_key(w), 'u' .. dw, old[1] or 0, 's' .. dw, old[2] or 0)
    call('EXPIRE', P .. cell_key(w), TTL[w])
  end
  if not had[dw] and w ~= 'c' then
    fresh[#fresh + 1] = {d, w, dw}
    local sum = settled_in(d, w)
    call('HSET', P .. cell_key(w), 'u' .. dw, string.format('%.0f', sum), 's' .. dw, string.format('%.0f', sum))
    if w ~= 't' then call('EXPIRE', P .. cell_key(w), TTL[w]) end
  end
end
for _, id in ipairs(call('ZRANGE', P .. 'o', 0, -1)) do
  local hold = hold_of(id)
  local here = false
  for _, s in ipairs(hold and hold[SCOPES] or {}) do here = here or s == scope end
  if here then
    local cells = {}
    for _, cell in ipairs(hold[CELLS]) do
      if cell[5] ~= scope or has[cell[2]] then
        if cell[5] == scope then
          local soft = caps['L' .. cell[2] .. 'S']
          cell[4] = soft and tonumber(soft) or false
        end
        cells[#cells + 1] = cell
      end
    end
    for _, new in ipairs(fresh) do
      local d, w, dw = new[1], new[2], new[3]
      if w == 't' or hold[AT] >= tonumber(starts[w]) then
        local amount = hold[AMOUNTS][d]
        if hold[CHARGE] then amount = math.max(amount, hold[CHARGE][d]) end
        local soft = caps['L' .. dw .. 'S']
        cells[#cells + 1] = {cell_key(w), dw, amount, soft and tonumber(soft) or false, scope}
        if amount ~= 0 then call('HINCRBY', P .. cell_key(w), 'u' .. dw, amount) end
      end
    end
    hold[CELLS] = cells
    keep(id, hold)
  end
end
wake_all({scope})
return cmsgpack.pack({1, listed})
