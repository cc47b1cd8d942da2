-- A strict JSON reader that builds nothing: it checks the whole text and hands out the top-level members.
-- In: a string. Out: a table key -> {first byte, last byte} of each top-level value, or an error {code, detail}.
-- The edge and Portkey must read a request alike, so what two parsers could read differently is refused: duplicate
-- keys, keys with escapes, invalid UTF-8, a byte order mark, anything outside RFC 8259.

local byte, char, sub, find, gsub, match = string.byte, string.char, string.sub, string.find, string.gsub, string.match
local floor = math.floor
local MAX_DEPTH = 100
local MAX_SHOWN = 128
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

-- `i` is the position after the opening quote; the result is the one after the closing quote.
local function after_string(s, i)
  while true do
    local b = byte(s, i)
    if b == nil then
      fail("a string does not end")
    elseif b == QUOTE then
      return i + 1
    elseif b == BACKSLASH then
      i = after_escape(s, i)
    elseif b >= 128 then
      i = after_character(s, i, b)
    elseif b < 32 then
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

local quote

-- A text of unknown length as a JSON string literal that can be shown in a message.
local function shown(text)
  if #text <= MAX_SHOWN then
    return quote(text)
  end
  return quote(gsub(sub(text, 1, MAX_SHOWN), "[\128-\255]", "?") .. "...")
end

-- key -> {first, last} for the members of the object that `s` holds, `most` at most.
local function members(s, most)
  local found, count = {}, 0
  local i, b = after_space(s, 1)
  if b ~= 123 then
    fail("it does not begin with a brace")
  end
  i = after_object(s, i + 1, 1, function(key, first, last)
    if find(key, "\\", 1, true) then
      fail("a top-level key holds an escape")
    end
    if found[key] then
      error({ code = "duplicate_key", detail = shown(key) }, 0)
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

local function utf8(code)
  local low, middle, high = 0x80 + code % 64, 0x80 + floor(code / 64) % 64, 0x80 + floor(code / 4096) % 64
  if code < 0x80 then
    return char(code)
  elseif code < 0x800 then
    return char(0xC0 + floor(code / 64), low)
  elseif code < 0x10000 then
    return char(0xE0 + floor(code / 4096), middle, low)
  end
  return char(0xF0 + floor(code / 262144), high, middle, low)
end

local SHORT = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

-- The value of a string, given with its quotes. Half a surrogate pair becomes U+FFFD.
local function text(raw)
  local parts, i, last = {}, 2, #raw - 1
  while true do
    local at = find(raw, "\\", i, true)
    if not at then
      parts[#parts + 1] = sub(raw, i, last)
      return table.concat(parts)
    end
    parts[#parts + 1] = sub(raw, i, at - 1)
    local kind = sub(raw, at + 1, at + 1)
    if kind == "u" then
      local code = tonumber(sub(raw, at + 2, at + 5), 16)
      i = at + 6
      local low = code >= 0xD800 and code <= 0xDBFF and match(raw, "^\\u([dD][c-fC-F]%x%x)", i)
      if low then
        code = 0x10000 + (code - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00
        i = i + 6
      elseif code >= 0xD800 and code <= 0xDFFF then
        code = 0xFFFD
      end
      parts[#parts + 1] = utf8(code)
    else
      parts[#parts + 1] = SHORT[kind] or kind
      i = at + 2
    end
  end
end

local QUOTED = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n" }

-- A JSON string literal.
function quote(value)
  local escaped = gsub(value, '[%c"\\]', function(c)
    return QUOTED[c] or string.format("\\u%04x", byte(c))
  end)
  return '"' .. escaped .. '"'
end

return { members = members, elements = elements, text = text, quote = quote, shown = shown }
