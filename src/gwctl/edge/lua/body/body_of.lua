-- The body of a request. In: Envoy's handle, and the table FIELDS. Out: {buffer raw members request}: Envoy's buffer, its
-- bytes, where its members are, and the values of those that the edge reads; or an error {code, detail}.

local MAX_MEMBERS = 1000 -- no API has a tenth
local MAX_COUNT = 9007199254740991 -- 2^53 - 1: what every parser holds exactly
local CAPS = { "max_tokens", "max_completion_tokens", "max_output_tokens" }

local function fail(code, detail)
  error({ code = code, detail = detail }, 0)
end

local function value_of(key, kind, raw)
  if raw == "null" then
    return nil
  end
  local first = raw:byte()
  if kind == "string" then
    if first == 34 then
      return json.text(raw)
    end
    fail("invalid_value", key .. " must be a string.")
  elseif kind == "boolean" then
    if raw == "true" or raw == "false" then
      return raw == "true"
    end
    fail("invalid_value", key .. " must be true or false.")
  end
  local number = first ~= 34 and tonumber(raw)
  if not number or number < 0 or number > MAX_COUNT or number % 1 ~= 0 then
    fail("invalid_value", key .. " must be a whole number.")
  end
  return number
end

-- `lax` as for json.members.
local function replace(handle, body, raw, lax)
  body.raw, body.members = raw, json.members(raw, MAX_MEMBERS, lax)
  body.buffer:setBytes(raw)
  handle:headers():replace("content-length", tostring(#raw))
end

-- Some clients write -1 for as long an answer as there may be, which no provider knows.
local function drop_unlimited(handle, body)
  for _, key in ipairs(CAPS) do
    local at = body.members[key]
    if at and body.raw:sub(at[1], at[2]) == "-1" then
      replace(handle, body, text.edited(body.raw, { { at[1], at[2], "null" } }))
    end
  end
end

local function read(handle)
  local body = handle:body(true)
  local length = body and body:length() or 0
  if length == 0 then
    fail("malformed_json", "it is empty.")
  end
  local raw = body:getBytes(0, length)
  local found = { buffer = body, raw = raw, members = json.members(raw, MAX_MEMBERS), request = {} }
  drop_unlimited(handle, found)
  for key, kind in pairs(FIELDS) do
    local at = found.members[key]
    if at then
      found.request[key] = value_of(key, kind, found.raw:sub(at[1], at[2]))
    end
  end
  return found
end

return { read = read, replace = replace }
