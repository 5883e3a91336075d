-- The ledger of ledger.py and fairness.py, in one key and in the server's own time; a test compares the two.
-- KEYS[1]: the ledger. ARGV: operation, period, max_requests, burst (0: all), reserve_ahead, RECOVERY_MARGIN, then
-- the operation's own arguments.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local operation, period, max_requests = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local burst, reserve_ahead, recovery_margin = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local REDUCTION_FACTOR, RECOVERY_INTERVAL, MAX_WAIT_PERIODS, MONTH_MS = 0.7, 10, 4, 2592000000

-- in_flight: permit -> {start, end of the lease}; held, sorted: {release, permit, start}; shares: owner ->
-- {virtual_time, queued, expires_at}. A server without the key is new or was emptied: nothing starts for one period and
-- the recovery margin.
local ledger = {
  in_flight = {}, held = {}, shares = {}, blocked_until = now + period + recovery_margin, reduction = 0, reduced_at = 0,
  now = now,
}
local packed = redis.call('GET', KEYS[1])
if packed then ledger = cmsgpack.unpack(packed) end
local in_flight, held, shares = ledger.in_flight, ledger.held, ledger.shares

-- The server's clock was set back: continue as if no time had passed.
if now < ledger.now then
  local back = now - ledger.now
  for _, times in pairs(in_flight) do times[1] = times[1] + back; times[2] = times[2] + back end
  for _, slot in ipairs(held) do slot[1] = slot[1] + back; slot[3] = slot[3] + back end
  for _, share in pairs(shares) do share[3] = share[3] + back end
  ledger.blocked_until, ledger.reduced_at = ledger.blocked_until + back, ledger.reduced_at + back
end
ledger.now = now

local function owner_of(permit) return string.match(permit, '^[^:]*') end

local function size(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end

local function current_reduction()
  if ledger.reduction == 0 then return 0 end
  return math.max(0, ledger.reduction - math.floor((now - ledger.reduced_at) / RECOVERY_INTERVAL))
end

local function capacity() return math.max(1, max_requests - current_reduction()) end

local function expire()
  while held[1] and held[1][1] <= now do table.remove(held, 1) end
  for permit, times in pairs(in_flight) do
    if times[2] <= now then in_flight[permit] = nil end
  end
end

local function earliest_start(after)
  local start = math.max(now, ledger.blocked_until)
  local blocking = size(in_flight) + #held - capacity() + after
  if blocking >= 0 then start = math.max(start, held[blocking + 1][1]) end
  local max_burst = burst
  if current_reduction() > 0 then max_burst = 1 end
  if max_burst > 0 then
    local gap, starts, arrival = period / capacity(), {}, -math.huge
    for _, times in pairs(in_flight) do starts[#starts + 1] = times[1] end
    for _, slot in ipairs(held) do starts[#starts + 1] = slot[3] end
    table.sort(starts)
    for _, previous in ipairs(starts) do arrival = math.max(arrival, previous) + gap end
    start = math.max(start, arrival + (after + 1 - max_burst) * gap)
  end
  return start
end

local function admit(owner)
  local slots, oldest = {}, nil
  for permit in pairs(in_flight) do slots[owner_of(permit)] = (slots[owner_of(permit)] or 0) + 1 end
  for _, slot in ipairs(held) do slots[owner_of(slot[2])] = (slots[owner_of(slot[2])] or 0) + 1 end
  for other, share in pairs(shares) do
    if other ~= owner then
      if share[3] <= now and not slots[other] then
        shares[other] = nil
      else
        oldest = math.min(oldest or math.huge, share[1] - (slots[other] or 0))
      end
    end
  end
  shares[owner] = shares[owner] or {0, 0, 0}
  shares[owner][1] = math.max(shares[owner][1], oldest or 0)
end

local function slots_owed_to_others(owner)
  if not shares[owner] or shares[owner][3] <= now then admit(owner) end
  local share, waiting, first, owed = shares[owner], {}, math.huge, 0
  for other, its in pairs(shares) do
    if other ~= owner and its[3] > now and its[2] > 0 then
      waiting[#waiting + 1] = {other, its}
      first = math.min(first, its[1])
    end
  end
  if #waiting == 0 then return 0 end
  share[1] = math.min(share[1], first + math.floor(MAX_WAIT_PERIODS * capacity() / (#waiting + 1)) + 1)
  for _, each in ipairs(waiting) do
    local other, its = each[1], each[2]
    local before = share[1] - its[1]
    if other < owner then before = before + 1 end
    owed = owed + math.min(its[2], math.max(0, before))
  end
  return owed
end

local function reserve(permit, lease, queued)
  if in_flight[permit] then
    local wait = math.max(0, in_flight[permit][1] - now)
    return {1, wait, wait}
  end
  expire()
  local owner = owner_of(permit)
  local owed, wait, earliest = slots_owed_to_others(owner), nil, nil
  if owed < capacity() - size(in_flight) then
    earliest = earliest_start(owed) - now
    if earliest <= reserve_ahead then
      local start = earliest_start(0)
      in_flight[permit] = {start, start + lease}
      shares[owner] = {shares[owner][1] + 1, queued - 1, now + period / 8}
      return {1, start - now, start - now}
    end
    wait = earliest - reserve_ahead
  else
    local first_start, first_end = math.huge, math.huge
    for _, times in pairs(in_flight) do
      first_start, first_end = math.min(first_start, times[1]), math.min(first_end, times[2])
    end
    if first_start == math.huge then first_start = now end
    earliest = math.max(0, first_start - now) + period
    wait = math.min(first_end - now, earliest - reserve_ahead)
  end
  shares[owner] = {shares[owner][1], queued, now + wait + period / 8}
  return {0, wait, earliest}
end

local function release(permit, hold)
  local start = now
  if in_flight[permit] then
    start = in_flight[permit][1]
    in_flight[permit] = nil
  else
    for i = #held, 1, -1 do
      if held[i][2] == permit then table.remove(held, i) end
    end
  end
  if hold > 0 then
    local at = #held + 1
    while at > 1 and held[at - 1][1] > now + hold do at = at - 1 end
    table.insert(held, at, {now + hold, permit, start})
  end
  return {1, 0, 0}
end

local function throttle()
  if ledger.reduction > 0 and now < ledger.reduced_at + period then return {0, 0, 0} end
  ledger.reduction = max_requests - math.max(1, math.floor(capacity() * REDUCTION_FACTOR))
  ledger.reduced_at = now
  return {1, 0, 0}
end

local result = {1, 0, 0} -- of 'usage', too
if operation == 'reserve' then result = reserve(ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]))
elseif operation == 'release' then result = release(ARGV[7], tonumber(ARGV[8]))
elseif operation == 'throttle' then result = throttle()
elseif operation == 'block' then ledger.blocked_until = math.max(ledger.blocked_until, now + period + recovery_margin)
end
redis.call('SET', KEYS[1], cmsgpack.pack(ledger), 'PX', MONTH_MS)
-- A Lua number becomes an integer in the reply: microseconds, rounded up.
return {
  result[1], math.ceil(result[2] * 1000000), math.ceil(result[3] * 1000000), capacity(), size(in_flight) + #held,
}
