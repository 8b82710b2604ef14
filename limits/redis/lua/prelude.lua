-- Every script: KEYS[1] = th:{tenant}:g, the generation that this tenant's keys belong to; ARGV[1] = a msgpack array
-- A, whose first member is the generation that the caller knows. All other keys begin with th:{tenant}:<generation>:,
-- so a tenant lies in one slot of a cluster, and what a lost Redis still holds of an older generation is never read.
--
--   n               how many holds and charges there were; a caller passes the last it heard of: fewer is a rollback
--   z               the tenant's time zone
--   a:<scope>       an account: L<d><w><H|S> limits, u<d>t / s<d>t used and settled of caps of window `total`,
--                   tn ti to tc tallies, k why it is closed; of a run also x o p q Q (expires, opened, parent, paused
--                   at, paused for) and l<c> / n<c>, limits and counts of steps, tool calls, replans, agents
--   a:<scope>:<w>:<start>   a window: u<d><w> / s<d><w>; of a day also its tallies
--   h:<id>          an open hold; o: open holds by expiry; X: holds that expired
--   M, N                    marked charges; N: their order
--   Q, q:<scope>, v:<scope>, w:<ticket>   who waits (queue.lua)
-- <d> is the dimension's number 0..4, <w> one of m h d w M t (total) c (a single call).
-- Figures are compared as doubles but added by HINCRBY, which is exact to 2^63; a hard cap is at most 2^53, and a
-- comparison is limit - used, both at most 2^53, so no comparison rounds.
local A = cmsgpack.unpack(ARGV[1])
local call = redis.call
local G = call('GET', KEYS[1])
if G ~= A[1] then return redis.error_reply('STALE ' .. (G or 'nothing')) end
local P = string.sub(KEYS[1], 1, -2) .. G .. ':'
local byte, sub, find = string.byte, string.sub, string.find
local TTL = {m = 172800, h = 172800, d = 3024000, w = 864000, M = 3024000}

local function is_run(scope) return sub(scope, 1, 4) == 'run:' end

-- An account as a table and as the flat list it came in; nil if there is none.
local function account(scope)
  local flat = call('HGETALL', P .. 'a:' .. scope)
  local acc = {}
  for i = 1, #flat, 2 do acc[flat[i]] = flat[i + 1] end
  if #flat == 0 or (is_run(scope) and not acc.x) then return nil, flat end
  return acc, flat
end

-- Why a scope takes nothing more, or nil.
local function closed(acc, now)
  if acc.k then return acc.k end
  if acc.x then
    if now >= tonumber(acc.x) then return 'expired' end
    if acc.lS and (acc.q or '0') == '0' and now >= tonumber(acc.o) + tonumber(acc.Q or 0) + tonumber(acc.lS) * 1000000 then
      return 'seconds'
    end
  end
  return nil
end

-- A run and its ancestors, nearest first: scopes and accounts; and which of them is unknown.
local function lineage(run)
  local scopes, accs = {}, {}
  local id = run
  while id and id ~= '' do
    local acc = account('run:' .. id)
    if not acc then return scopes, accs, 'run:' .. id end
    scopes[#scopes + 1], accs[#accs + 1] = 'run:' .. id, acc
    id = acc.p
  end
  return scopes, accs, nil
end
