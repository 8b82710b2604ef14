-- An open hold: {entry, amounts, expires, cells, scopes, day, at, follower, charge}; a cell {key, <d><w>, stands with, soft
-- limit, scope}. `charge` is what it was settled with when a next attempt took its place over.
local ENTRY, AMOUNTS, EXPIRES, CELLS, SCOPES, DAY, AT, FOLLOWER, CHARGE = 1, 2, 3, 4, 5, 6, 7, 8, 9

local function hold_of(id)
  local stored = call('GET', P .. 'h:' .. id)
  if stored then return cmsgpack.unpack(stored) end
  return nil
end

local function keep(id, hold) call('SET', P .. 'h:' .. id, cmsgpack.pack(hold)) end

-- Stand with other figures: of(d, cell) says what a cell stands with from now on.
local function stand(hold, of)
  for _, cell in ipairs(hold[CELLS]) do
    local figure = of(byte(cell[2]) - 47, cell)
    if figure ~= cell[3] then
      call('HINCRBY', P .. cell[1], 'u' .. cell[2], figure - cell[3])
      cell[3] = figure
    end
  end
end

local function cover(hold, charge)
  stand(hold, function(d) return math.max(hold[AMOUNTS][d], charge[d]) end)
end

local function tally(scope, day, charge, calls)
  local key = P .. 'a:' .. scope
  local keys = {key}
  if not is_run(scope) then keys[2] = key .. ':d:' .. day end
  for i, k in ipairs(keys) do
    if charge[1] ~= 0 then call('HINCRBY', k, 'tn', charge[1]) end
    if charge[2] ~= 0 then call('HINCRBY', k, 'ti', charge[2]) end
    if charge[3] ~= 0 then call('HINCRBY', k, 'to', charge[3]) end
    if calls ~= 0 then
      local count = call('HINCRBY', k, 'tc', calls)
      if i == 2 and count == 1 then call('EXPIRE', k, TTL.d) end
    end
  end
end

-- Charge a hold and let it go. Returns the soft caps that this crossed: {scope, <d><w>, limit, settled as text}.
local function close(id, hold, charge)
  local crossed = {}
  for _, cell in ipairs(hold[CELLS]) do
    local key, dw = P .. cell[1], cell[2]
    local amount = charge[byte(dw) - 47]
    if amount ~= cell[3] then call('HINCRBY', key, 'u' .. dw, amount - cell[3]) end
    if amount ~= 0 then
      local settled = call('HINCRBY', key, 's' .. dw, amount)
      if cell[4] and settled >= cell[4] and settled - amount < cell[4] then
        crossed[#crossed + 1] = {cell[5], dw, cell[4], call('HGET', key, 's' .. dw)}
      end
    end
  end
  for _, scope in ipairs(hold[SCOPES]) do tally(scope, hold[DAY], charge, 1) end
  call('DEL', P .. 'h:' .. id)
  call('ZREM', P .. 'o', id)
  wake_all(hold[SCOPES])
  return crossed
end

local MARKED_MAX = 20000

-- List a charge that is not simply the bill, and tell every process of it.
local function mark(id, told)
  call('HSET', P .. 'M', id, told)
  call('ZADD', P .. 'N', call('INCR', P .. 'n'), id)
  if call('ZCARD', P .. 'N') > MARKED_MAX then call('HDEL', P .. 'M', call('ZPOPMIN', P .. 'N')[1]) end
  call('PUBLISH', 'th:marks', told)
end
