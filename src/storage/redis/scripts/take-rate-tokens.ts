/**
 * Tokens of one name: a sorted set of them at KEYS[1], each at the instant from which it counts, and
 * "window", at the greatest window by which it was ever asked. Instants are milliseconds of the
 * server's clock, windows far below any of them.
 *
 * ARGV: limit (0: only reports), window, how long a token waits for its start, the number of reports,
 * then for each its token and how long ago it began (-1: never will), then the tokens that are wanted.
 * Answers how many were granted, and after how many milliseconds the next one will be free.
 */
export const TAKE_RATE_TOKENS = `
local key = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, window, hold = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local reports = tonumber(ARGV[4])
local first = 5 + 2 * reports
for at = 5, first - 1, 2 do
  local ago = tonumber(ARGV[at + 1])
  if ago < 0 then
    redis.call('ZREM', key, ARGV[at])
  else
    redis.call('ZADD', key, string.format('%.0f', now + 1 - ago), ARGV[at])
  end
end
local widest = tonumber(redis.call('ZSCORE', key, 'window') or '0')
if window > widest then
  widest = window
  redis.call('ZADD', key, string.format('%.0f', window), 'window')
end
redis.call('ZREMRANGEBYSCORE', key, string.format('(%.0f', widest), string.format('%.0f', now - widest))
local wanted = #ARGV - first + 1
local granted = 0
local retry = -1
if wanted > 0 then
  local used = redis.call('ZCOUNT', key, string.format('(%.0f', now - window), '+inf')
  granted = math.max(0, math.min(wanted, limit - used))
  for at = first, first + granted - 1 do
    redis.call('ZADD', key, string.format('%.0f', now + hold), ARGV[at])
  end
  if granted < wanted then
    local last = redis.call('ZREVRANGE', key, limit - 1, limit - 1, 'WITHSCORES')
    retry = math.min(tonumber(last[2]), now) + window - now
  end
end
redis.call('PEXPIRE', key, string.format('%.0f', hold + widest + 1000))
return {granted, retry}`;
