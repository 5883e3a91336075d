-- The ledger of window.py, kept in one key and in the server's own time; a test holds the two against each other.
-- KEYS[1]: the ledger. ARGV: op, period, requests, burst (0: all), ahead, grace, then what the op takes.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local op, period, requests = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local burst, ahead, grace = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local CUT, RECOVERY, PATIENCE, MONTH = 0.7, 10, 4, 2592000000

-- flying: token -> {start, end of the lease}; held, by release: {release, token, start}; turns: owner -> {tag, demand,
-- until}. A server that knows nothing was emptied, or is new: nobody may start for one period and the grace.
local ledger = {flying = {}, held = {}, turns = {}, quiet = now + period + grace, lost = 0, lost_at = 0, now = now}
local packed = redis.call('GET', KEYS[1])
if packed then ledger = cmsgpack.unpack(packed) end
local flying, held, turns = ledger.flying, ledger.held, ledger.turns

-- The server's clock was set back: as if no time had passed.
if now < ledger.now then
  local back = now - ledger.now
  for _, each in pairs(flying) do each[1] = each[1] + back; each[2] = each[2] + back end
  for _, each in ipairs(held) do each[1] = each[1] + back; each[3] = each[3] + back end
  for _, each in pairs(turns) do each[3] = each[3] + back end
  ledger.quiet, ledger.lost_at = ledger.quiet + back, ledger.lost_at + back
end
ledger.now = now

local function owner_of(token) return string.match(token, '^[^:]*') end

local function size(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end

local function lost()
  if ledger.lost == 0 then return 0 end
  return math.max(0, ledger.lost - math.floor((now - ledger.lost_at) / RECOVERY))
end

local function slots() return math.max(1, requests - lost()) end

local function sweep()
  while held[1] and held[1][1] <= now do table.remove(held, 1) end
  for token, each in pairs(flying) do
    if each[2] <= now then flying[token] = nil end
  end
end

local function start_after(nth)
  local start = math.max(now, ledger.quiet)
  local blocking = size(flying) + #held - slots() + nth
  if blocking >= 0 then start = math.max(start, held[blocking + 1][1]) end
  local most = burst
  if lost() > 0 then most = 1 end
  if most > 0 then
    local gap, begun, theirs = period / slots(), {}, -math.huge
    for _, each in pairs(flying) do begun[#begun + 1] = each[1] end
    for _, each in ipairs(held) do begun[#begun + 1] = each[3] end
    table.sort(begun)
    for _, each in ipairs(begun) do theirs = math.max(theirs, each) + gap end
    start = math.max(start, theirs + (nth + 1 - most) * gap)
  end
  return start
end

local function join(owner)
  local holds, least = {}, nil
  for token in pairs(flying) do holds[owner_of(token)] = (holds[owner_of(token)] or 0) + 1 end
  for _, each in ipairs(held) do holds[owner_of(each[2])] = (holds[owner_of(each[2])] or 0) + 1 end
  for id, each in pairs(turns) do
    if id ~= owner then
      if each[3] <= now and not holds[id] then
        turns[id] = nil
      else
        least = math.min(least or math.huge, each[1] - (holds[id] or 0))
      end
    end
  end
  turns[owner] = turns[owner] or {0, 0, 0}
  turns[owner][1] = math.max(turns[owner][1], least or turns[owner][1])
end

local function owed(owner)
  if not turns[owner] or turns[owner][3] <= now then join(owner) end
  local turn, waiting, least, sum = turns[owner], 0, math.huge, 0
  local function others(each_do)
    for id, each in pairs(turns) do
      if id ~= owner and each[3] > now and each[2] > 0 then each_do(id, each) end
    end
  end
  others(function(_, each) waiting, least = waiting + 1, math.min(least, each[1]) end)
  if waiting == 0 then return 0 end
  turn[1] = math.min(turn[1], least + math.floor(PATIENCE * slots() / (waiting + 1)) + 1)
  others(function(id, each)
    local before = turn[1] - each[1]
    if id < owner then before = before + 1 end
    sum = sum + math.min(each[2], math.max(0, before))
  end)
  return sum
end

local function reserve(token, lease, demand)
  if flying[token] then
    local left = math.max(0, flying[token][1] - now)
    return {1, left, left}
  end
  sweep()
  local owner = owner_of(token)
  local before, wait, soonest = owed(owner), nil, nil
  if before < slots() - size(flying) then
    soonest = start_after(before) - now
    if soonest <= ahead then
      local start = start_after(0)
      flying[token] = {start, start + lease}
      turns[owner] = {turns[owner][1] + 1, demand - 1, now + period / 8}
      return {1, start - now, start - now}
    end
    wait = soonest - ahead
  else
    local first, ends = math.huge, math.huge
    for _, each in pairs(flying) do first, ends = math.min(first, each[1]), math.min(ends, each[2]) end
    if first == math.huge then first = now end
    soonest = math.max(0, first - now) + period
    wait = math.min(ends - now, soonest - ahead)
  end
  turns[owner] = {turns[owner][1], demand, now + wait + period / 8}
  return {0, wait, soonest}
end

local function commit(token, hold)
  local start = now
  if flying[token] then
    start = flying[token][1]
    flying[token] = nil
  else
    for i = #held, 1, -1 do
      if held[i][2] == token then table.remove(held, i) end
    end
  end
  if hold > 0 then
    local at = #held + 1
    while at > 1 and held[at - 1][1] > now + hold do at = at - 1 end
    table.insert(held, at, {now + hold, token, start})
  end
  return {1, 0, 0}
end

local function penalize()
  if ledger.lost > 0 and now < ledger.lost_at + period then return {0, 0, 0} end
  ledger.lost = requests - math.max(1, math.floor(slots() * CUT))
  ledger.lost_at = now
  return {1, 0, 0}
end

local answer
if op == 'reserve' then answer = reserve(ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]))
elseif op == 'commit' then answer = commit(ARGV[7], tonumber(ARGV[8]))
elseif op == 'penalize' then answer = penalize()
elseif op == 'hush' then
  ledger.quiet = math.max(ledger.quiet, now + period + grace)
  answer = {1, 0, 0}
end
redis.call('SET', KEYS[1], cmsgpack.pack(ledger), 'PX', MONTH)
-- A Lua number becomes an integer on its way out: microseconds, rounded up.
return {answer[1], math.ceil(answer[2] * 1000000), math.ceil(answer[3] * 1000000), slots(), size(flying) + #held}
