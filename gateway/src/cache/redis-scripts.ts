/*
 * The state is one hash: `epoch` (a new one outdates everything), `now` (counts touches) and, for each tag that was
 * touched in this epoch, `t:<tag>` with the count of that moment. An entry is one text:
 * "<epoch> <moment> <expiresAt>\n<tags, separated by tabs>\n<text>". All in one script each, so that nothing comes
 * between a look and a write.
 */

const isFresh = `
local function isFresh(state, tags, moment)
  local fields = {}
  for tag in string.gmatch(tags, '[^\\t]+') do fields[#fields + 1] = 't:' .. tag end
  if #fields == 0 then return true end
  for _, touched in ipairs(redis.call('HMGET', state, unpack(fields))) do
    if touched and tonumber(touched) > moment then return false end
  end
  return true
end`;

/** Keys: the state, then the entries. Arguments: an epoch to begin with. Answers epoch, now, then each entry or nil. */
export const findScript = `${isFresh}
redis.call('HSETNX', KEYS[1], 'epoch', ARGV[1])
local state = redis.call('HMGET', KEYS[1], 'epoch', 'now')
local answer = { state[1], state[2] or '0' }
for index = 2, #KEYS do
  local entry = redis.call('GET', KEYS[index])
  answer[index + 1] = false
  if entry then
    local epoch, moment, tags = string.match(entry, '^(%S+) (%d+) %d+\\n([^\\n]*)\\n')
    if epoch == state[1] and isFresh(KEYS[1], tags, tonumber(moment)) then answer[index + 1] = entry
    else redis.call('UNLINK', KEYS[index]) end
  end
end
return answer`;

/** Keys: the state, then the entries. Arguments: epoch and moment, then for each entry its tags, its life in ms and the whole of it. */
export const keepScript = `${isFresh}
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
local kept = 0
for index = 2, #KEYS do
  local at = 3 * (index - 1)
  if isFresh(KEYS[1], ARGV[at], tonumber(ARGV[2])) then
    redis.call('SET', KEYS[index], ARGV[at + 2], 'PX', ARGV[at + 1])
    kept = kept + 1
  end
end
return kept`;

/** Keys: the state. Arguments: an epoch to begin with, how many tags are remembered at most, then the tags. */
export const touchScript = `
redis.call('HSETNX', KEYS[1], 'epoch', ARGV[1])
local now = redis.call('HINCRBY', KEYS[1], 'now', 1)
for index = 3, #ARGV do redis.call('HSET', KEYS[1], 't:' .. ARGV[index], now) end
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[2]) then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1])
end
return now`;

/** Keys: the state. Arguments: the new epoch. */
export const clearScript = `
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1])
return 1`;
