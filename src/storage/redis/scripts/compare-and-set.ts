/**
 * Sets KEYS[1] to ARGV[3] where its value is ARGV[2], or where ARGV[1] is "0" and there is none;
 * ARGV[4]: for so many milliseconds, "" for ever. Answers 1, or 0 where it stands otherwise.
 */
export const COMPARE_AND_SET = `
local present = redis.call('GET', KEYS[1])
if ARGV[1] == '0' then
  if present then return 0 end
elseif present ~= ARGV[2] then
  return 0
end
if ARGV[4] == '' then
  redis.call('SET', KEYS[1], ARGV[3])
else
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
end
return 1`;
