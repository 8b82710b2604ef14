-- Who waits: tickets (ids of holds) in one queue a scope, the one that blocks them. A ticket's place is its run's turn:
-- one more than the last turn of its run or of whoever was served last, so runs take turns however many calls each has.
-- The first of a queue keeps everyone else out of that scope. A ticket lives while its process renews w:<ticket>.
local TICKET_MS = 3000

local function first(scope)
  local queue = P .. 'q:' .. scope
  while true do
    local ticket = call('ZRANGE', queue, 0, 0)[1]
    if not ticket then
      call('SREM', P .. 'Q', scope)
      call('DEL', P .. 'v:' .. scope)
      return nil
    end
    local where = call('GET', P .. 'w:' .. ticket)
    if where then return ticket, where end
    call('ZREM', queue, ticket)
  end
end

-- Tell the process of the first in a queue that it may try.
local function wake(scope)
  local ticket, where = first(scope)
  if ticket then call('PUBLISH', 'th:wake:' .. sub(where, 1, find(where, ' ', 1, true) - 1), ticket) end
end

local function wake_all(scopes)
  if call('EXISTS', P .. 'Q') == 0 then return end
  for _, scope in ipairs(scopes) do
    if call('SISMEMBER', P .. 'Q', scope) == 1 then wake(scope) end
  end
end

-- Give a ticket up; who is first after it may try.
local function leave(ticket)
  local where = call('GET', P .. 'w:' .. ticket)
  if not where then return end
  call('DEL', P .. 'w:' .. ticket)
  local scope = sub(where, find(where, ' ', 1, true) + 1)
  local turn = call('ZSCORE', P .. 'q:' .. scope, ticket)
  if turn then
    call('ZREM', P .. 'q:' .. scope, ticket)
    call('HSET', P .. 'v:' .. scope, '', turn)
  end
  wake(scope)
end

-- Wait in a scope's queue, and in no other.
local function enter(ticket, scope, run, process)
  local where = call('GET', P .. 'w:' .. ticket)
  local here = process .. ' ' .. scope
  if where and where ~= here then leave(ticket) end
  local queue = P .. 'q:' .. scope
  if not call('ZSCORE', queue, ticket) then
    local turns = call('HMGET', P .. 'v:' .. scope, '', run)
    local turn = math.max(tonumber(turns[1] or 0), tonumber(turns[2] or 0)) + 1
    call('HSET', P .. 'v:' .. scope, run, turn)
    call('ZADD', queue, turn, ticket)
    call('SADD', P .. 'Q', scope)
  end
  call('SET', P .. 'w:' .. ticket, here, 'PX', TICKET_MS)
end
