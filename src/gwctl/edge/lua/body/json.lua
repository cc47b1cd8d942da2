-- A strict JSON reader that builds nothing: it checks the whole text and hands out the top-level members.
-- In: a string. Out: a table key -> {first byte, last byte} of each top-level value, or an error {code, detail}.
-- The edge and Portkey must read a request alike, so what two parsers could read differently is refused: duplicate
-- keys, keys with escapes, invalid UTF-8, a byte order mark, anything outside RFC 8259.

local byte, sub, find = string.byte, string.sub, string.find
local MAX_DEPTH = 100
local QUOTE, BACKSLASH, COMMA, COLON = 34, 92, 44, 58
local ESCAPES = { [34] = true, [92] = true, [47] = true, [98] = true, [102] = true, [110] = true, [114] = true, [116] = true }

local function fail(detail)
  error({ code = "malformed_json", detail = detail }, 0)
end

local function is_hex(b)
  return b ~= nil and ((b >= 48 and b <= 57) or (b >= 65 and b <= 70) or (b >= 97 and b <= 102))
end

local function is_digit(b)
  return b ~= nil and b >= 48 and b <= 57
end

local function is_tail(b, low)
  return b ~= nil and b >= (low or 128) and b <= 191
end

-- The position after a multi-byte UTF-8 character (RFC 3629, section 4).
local function after_character(s, i, b)
  local second = byte(s, i + 1)
  if b >= 194 and b <= 223 and is_tail(second) then
    return i + 2
  end
  if b >= 224 and b <= 239 then
    local ok = is_tail(second, b == 224 and 160 or 128) and not (b == 237 and second > 159)
    if ok and is_tail(byte(s, i + 2)) then
      return i + 3
    end
  elseif b >= 240 and b <= 244 then
    local ok = is_tail(second, b == 240 and 144 or 128) and not (b == 244 and second > 143)
    if ok and is_tail(byte(s, i + 2)) and is_tail(byte(s, i + 3)) then
      return i + 4
    end
  end
  return fail("it is not valid UTF-8")
end

local function after_escape(s, i)
  local b = byte(s, i + 1)
  if b == 117 then
    if is_hex(byte(s, i + 2)) and is_hex(byte(s, i + 3)) and is_hex(byte(s, i + 4)) and is_hex(byte(s, i + 5)) then
      return i + 6
    end
  elseif ESCAPES[b] then
    return i + 2
  end
  return fail("an escape in a string is not valid")
end

-- `i` is the position after the opening quote; the result is the one after the closing quote. Four bytes at a time, as
-- long as they are nothing special: that halves the time.
local function after_string(s, i)
  while true do
    local a, b, c, d = byte(s, i, i + 3)
    while d and a > 31 and a < 128 and a ~= QUOTE and a ~= BACKSLASH and b > 31 and b < 128 and b ~= QUOTE
      and b ~= BACKSLASH and c > 31 and c < 128 and c ~= QUOTE and c ~= BACKSLASH and d > 31 and d < 128 and d ~= QUOTE
      and d ~= BACKSLASH do
      i = i + 4
      a, b, c, d = byte(s, i, i + 3)
    end
    if a == nil then
      fail("a string does not end")
    elseif a == QUOTE then
      return i + 1
    elseif a == BACKSLASH then
      i = after_escape(s, i)
    elseif a >= 128 then
      repeat
        i = after_character(s, i, a)
        a = byte(s, i)
      until not a or a < 128
    elseif a < 32 then
      fail("a string holds a control character")
    else
      i = i + 1
    end
  end
end

local function after_space(s, i)
  while true do
    local b = byte(s, i)
    if b ~= 32 and b ~= 10 and b ~= 13 and b ~= 9 then
      return i, b
    end
    i = i + 1
  end
end

local function after_digits(s, i)
  if not is_digit(byte(s, i)) then
    fail("a number is not valid")
  end
  repeat
    i = i + 1
  until not is_digit(byte(s, i))
  return i
end

local function after_number(s, i)
  if byte(s, i) == 45 then
    i = i + 1
  end
  if byte(s, i) == 48 then
    i = i + 1
  else
    i = after_digits(s, i)
  end
  if byte(s, i) == 46 then
    i = after_digits(s, i + 1)
  end
  local b = byte(s, i)
  if b == 69 or b == 101 then
    local sign = byte(s, i + 1)
    i = after_digits(s, (sign == 43 or sign == 45) and i + 2 or i + 1)
  end
  return i
end

local function after_word(s, i, word)
  if sub(s, i, i + #word - 1) ~= word then
    fail("a value is not valid")
  end
  return i + #word
end

local after_value

-- Goes through an object, `i` being the position after its brace; `found(key, first, last)` sees its members.
local function after_object(s, i, depth, found)
  local b
  i, b = after_space(s, i)
  if b == 125 then
    return i + 1
  end
  while true do
    if b ~= QUOTE then
      fail("a key is missing")
    end
    local key = i + 1
    i = after_string(s, key)
    local key_end = i - 2
    i, b = after_space(s, i)
    if b ~= COLON then
      fail("a colon is missing")
    end
    i, b = after_space(s, i + 1)
    local first = i
    i = after_value(s, i, b, depth)
    if found then
      found(sub(s, key, key_end), first, i - 1)
    end
    i, b = after_space(s, i)
    if b == 125 then
      return i + 1
    elseif b ~= COMMA then
      fail("a comma or a brace is missing")
    end
    i, b = after_space(s, i + 1)
  end
end

-- The same of an array; `found(first, last)` sees its elements.
local function after_array(s, i, depth, found)
  local b
  i, b = after_space(s, i)
  if b == 93 then
    return i + 1
  end
  while true do
    local first = i
    i = after_value(s, i, b, depth)
    if found then
      found(first, i - 1)
    end
    i, b = after_space(s, i)
    if b == 93 then
      return i + 1
    elseif b ~= COMMA then
      fail("a comma or a bracket is missing")
    end
    i, b = after_space(s, i + 1)
  end
end

function after_value(s, i, b, depth)
  if b == QUOTE then
    return after_string(s, i + 1)
  elseif b == 123 or b == 91 then
    if depth >= MAX_DEPTH then
      fail("it is nested too deeply")
    end
    if b == 123 then
      return after_object(s, i + 1, depth + 1)
    end
    return after_array(s, i + 1, depth + 1)
  elseif b == 116 then
    return after_word(s, i, "true")
  elseif b == 102 then
    return after_word(s, i, "false")
  elseif b == 110 then
    return after_word(s, i, "null")
  elseif b == 45 or is_digit(b) then
    return after_number(s, i)
  end
  return fail("a value is missing or not valid")
end

-- key -> {first, last} for the members of the object that `s` holds, `most` at most. `ours`: one of our own parts wrote it,
-- and may escape what it likes.
local function members(s, most, ours)
  local found, count = {}, 0
  local i, b = after_space(s, 1)
  if b ~= 123 then
    fail("it does not begin with a brace")
  end
  i = after_object(s, i + 1, 1, function(key, first, last)
    if find(key, "\\", 1, true) then
      key = ours and text.of('"' .. key .. '"') or fail("a top-level key holds an escape")
    end
    if found[key] then
      error({ code = "duplicate_key", detail = text.shown(key) }, 0)
    end
    count = count + 1
    if count > most then
      fail("it has too many members")
    end
    found[key] = { first, last }
  end)
  i = after_space(s, i)
  if i <= #s then
    fail("something follows it")
  end
  return found
end

-- The elements of the array that `s` holds, each as its text.
local function elements(s)
  local found = {}
  local i, b = after_space(s, 1)
  if b == 91 then
    after_array(s, i + 1, 1, function(first, last)
      found[#found + 1] = sub(s, first, last)
    end)
  end
  return found
end

-- Whether a text is a JSON object and nothing else. How its keys are written does not matter.
local function is_object(s)
  return (pcall(function()
    local i, b = after_space(s, 1)
    assert(b == 123)
    i = after_space(s, after_object(s, i + 1, 1))
    assert(i > #s)
  end))
end

-- Goes through the object or the array that begins at `first` of a text that `members` has checked.
local function each_member(s, first, found)
  return after_object(s, first + 1, 1, found)
end

local function each_element(s, first, found)
  return after_array(s, first + 1, 1, found)
end

return {
  members = members,
  elements = elements,
  is_object = is_object,
  each_member = each_member,
  each_element = each_element,
  text = text.of,
  quote = text.quote,
  shown = text.shown,
}
