-- Rules about the shape of JSON, put together from smaller ones. In: a body that json.lua has checked, and the position of
-- a value. Out: the position after it, or nil: it has another shape.

local byte, find, sub = string.byte, string.find, string.sub
local QUOTE, BACKSLASH, OPEN_BRACE, OPEN_BRACKET, NULL = 34, 92, 123, 91, 110

local function after_space(s, i)
  local b = byte(s, i)
  while b == 32 or b == 10 or b == 13 or b == 9 do
    i = i + 1
    b = byte(s, i)
  end
  return i
end

-- The next quote ends the string unless an odd number of backslashes stands before it.
local function after_string(s, first)
  local i = first
  while true do
    i = find(s, '"', i + 1, true)
    local before = i - 1
    while before > first and byte(s, before) == BACKSLASH do
      before = before - 1
    end
    if (i - before) % 2 == 1 then
      return i + 1
    end
  end
end

local function any(s, i)
  local b = byte(s, i)
  if b == QUOTE then
    return after_string(s, i)
  elseif b ~= OPEN_BRACE and b ~= OPEN_BRACKET then
    return find(s, "[,%]} \n\r\t]", i) or #s + 1
  end
  local depth = 0
  repeat
    if b == QUOTE then
      i = after_string(s, i)
    else
      if b == OPEN_BRACE or b == OPEN_BRACKET then
        depth = depth + 1
      elseif b == 125 or b == 93 then
        depth = depth - 1
      end
      i = i + 1
    end
    b = byte(s, i)
  until depth == 0
  return i
end

local function null(s, i)
  return byte(s, i) == NULL and i + 4 or nil
end

local function scalar(s, i)
  local b = byte(s, i)
  if b ~= OPEN_BRACE and b ~= OPEN_BRACKET then
    return any(s, i)
  end
end

local function word(...)
  local known = {}
  for _, each in ipairs({ ... }) do
    known[each] = true
  end
  return function(s, i)
    if byte(s, i) == QUOTE then
      local after = after_string(s, i)
      return known[sub(s, i + 1, after - 2)] and after
    end
  end
end

local function beginning_with(prefix)
  return function(s, i)
    if sub(s, i + 1, i + #prefix) == prefix then
      return any(s, i)
    end
  end
end

local function list(rule)
  return function(s, i)
    if byte(s, i) ~= OPEN_BRACKET then
      return nil
    end
    i = after_space(s, i + 1)
    if byte(s, i) == 93 then
      return i + 1
    end
    while true do
      i = rule(s, i)
      if not i then
        return nil
      end
      i = after_space(s, i)
      if byte(s, i) == 93 then
        return i + 1
      end
      i = after_space(s, i + 1)
    end
  end
end

-- `complete(has)`, if given, says whether the object is harmless, knowing the first bytes of its values.
local function object(rules, complete)
  return function(s, i)
    if byte(s, i) ~= OPEN_BRACE then
      return nil
    end
    local has = {}
    i = after_space(s, i + 1)
    while byte(s, i) ~= 125 do
      local key_end = after_string(s, i)
      local key = sub(s, i + 1, key_end - 2)
      i = after_space(s, after_space(s, key_end) + 1)
      has[key] = sub(s, i, i + 10)
      i = (byte(s, i) == NULL and null or rules[key] or null)(s, i)
      if not i then
        return nil
      end
      i = after_space(s, i)
      if byte(s, i) == 44 then
        i = after_space(s, i + 1)
      end
    end
    if complete and not complete(has) then
      return nil
    end
    return i + 1
  end
end

local function by_kind(rules)
  return function(s, i)
    local b = byte(s, i)
    local rule = b == QUOTE and rules.string or b == OPEN_BRACE and rules.object or b == OPEN_BRACKET and rules.list
    return (rule or null)(s, i)
  end
end

return {
  after_space = after_space,
  after_string = after_string,
  any = any,
  null = null,
  scalar = scalar,
  word = word,
  beginning_with = beginning_with,
  list = list,
  object = object,
  by_kind = by_kind,
}
