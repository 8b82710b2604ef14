-- A = {gen, now, at most}: charge the holds whose time is over in full. Returns packed {{id, entry, crossings}}.
local over = {}
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'o', '-inf', string.format('%.0f', A[2]), 'LIMIT', 0, A[3])) do
  local hold = hold_of(id)
  if hold then
    local amounts = hold[AMOUNTS]
    amounts[5] = 0
    over[#over + 1] = {id, hold[ENTRY], close(id, hold, amounts)}
    call('ZADD', P .. 'X', A[2], id)
    call('ZREMRANGEBYRANK', P .. 'X', 0, -MARKED_MAX - 1)
  else
    call('ZREM', P .. 'o', id)
  end
end
return cmsgpack.pack(over)
