-- Answers of Gemini to chat. Portkey hands on the signatures of Google's tool calls, without which the next turn is
-- refused, only when it is told not to keep to OpenAI's shapes; here its other additions are taken out again.
-- In: a chat completion, or a stream of its chunks. Out: the same in OpenAI's shape, signatures included.

local byte, find, sub = string.byte, string.find, string.sub
local QUOTE, COMMA, OPEN_BRACE, OPEN_BRACKET = 34, 44, 123, 91

-- Google's reasons for the end of an answer; all others are a stop.
local REASONS = {
  MAX_TOKENS = "length",
  BLOCKLIST = "content_filter",
  IMAGE_SAFETY = "content_filter",
  LANGUAGE = "content_filter",
  PROHIBITED_CONTENT = "content_filter",
  SAFETY = "content_filter",
  SPII = "content_filter",
}
local ADDED = { content_blocks = true, groundingMetadata = true, safetyRatings = true }

-- The edit that takes out a member as JSON.stringify writes it: `"key":value`, with the comma before or behind it.
local function removal(raw, key, first, last)
  local start = first - #key - 3
  if byte(raw, start - 1) == COMMA then
    start = start - 1
  elseif byte(raw, last + 1) == COMMA then
    last = last + 1
  end
  return { start, last, "" }
end

local function trim(raw, object, edits)
  json.each_member(raw, object, function(key, first, last)
    local b = byte(raw, first)
    if ADDED[key] then
      -- Images are nowhere else.
      if not (key == "content_blocks" and find(sub(raw, first, last), '"type":"image_url"', 1, true)) then
        edits[#edits + 1] = removal(raw, key, first, last)
      end
    elseif key == "finish_reason" and b == QUOTE then
      local reason = sub(raw, first + 1, last - 1)
      if find(reason, "^%u") then
        edits[#edits + 1] = { first, last, '"' .. (REASONS[reason] or "stop") .. '"' }
      end
    elseif (key == "message" or key == "delta") and b == OPEN_BRACE then
      trim(raw, first, edits)
    end
  end)
end

local function completion(raw)
  local edits, choices = {}, json.members(raw, math.huge).choices
  if choices and byte(raw, choices[1]) == OPEN_BRACKET then
    json.each_element(raw, choices[1], function(first)
      if byte(raw, first) == OPEN_BRACE then
        trim(raw, first, edits)
      end
    end)
  end
  return text.edited(raw, edits)
end

-- A line of a stream, without its end. Results of guardrails are nobody's business, nor is what cannot be read.
local function line(whole)
  local data = whole:match("^data: ({.*})%s*$")
  if not data then
    return whole
  elseif find(data, '^{"hook_results":') then
    return ""
  end
  local ok, shaped = pcall(completion, data)
  return ok and "data: " .. shaped or ""
end

-- Rewrites a stream as it passes. A line that has not ended is held until the next piece comes.
local function stream(handle)
  local held = ""
  for chunk in handle:bodyChunks() do
    local come = held .. chunk:getBytes(0, chunk:length())
    local lines, from = {}, 1
    while true do
      local at = find(come, "\n", from, true)
      if not at then
        break
      end
      lines[#lines + 1] = line(sub(come, from, at - 1))
      from = at + 1
    end
    held = sub(come, from)
    lines[#lines + 1] = ""
    chunk:setBytes(table.concat(lines, "\n"))
  end
end

return { completion = completion, stream = stream }
