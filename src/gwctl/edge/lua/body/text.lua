-- Texts and how JSON writes them. In: a string literal of JSON that was checked, or a text. Out: the other one.

local byte, char, sub, find, gsub, match = string.byte, string.char, string.sub, string.find, string.gsub, string.match
local floor = math.floor
local MAX_SHOWN = 128

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
local function of(raw)
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
local function quote(value)
  local escaped = gsub(value, '[%c"\\]', function(c)
    return QUOTED[c] or string.format("\\u%04x", byte(c))
  end)
  return '"' .. escaped .. '"'
end

-- A text of unknown length as a JSON string literal that can be shown in a message.
local function shown(text)
  if #text <= MAX_SHOWN then
    return quote(text)
  end
  return quote(gsub(sub(text, 1, MAX_SHOWN), "[\128-\255]", "?") .. "...")
end

-- Applies edits {first, last, text}, which are in the order of the text.
local function edited(raw, edits)
  local parts, from = {}, 1
  for _, edit in ipairs(edits) do
    parts[#parts + 1] = sub(raw, from, edit[1] - 1)
    parts[#parts + 1] = edit[3]
    from = edit[2] + 1
  end
  parts[#parts + 1] = sub(raw, from)
  return table.concat(parts)
end

return { of = of, quote = quote, shown = shown, edited = edited }
