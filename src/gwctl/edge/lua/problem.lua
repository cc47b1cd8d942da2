-- What a provider says of an error. In: the body of its answer, in whatever shape. Out: message, type, param and code,
-- those of them that it says: the message no longer than MAX_MESSAGE, and without any credentials.

local MAX_MESSAGE = 2000
local MIN_MESSAGE = 8 -- a shorter one explains nothing on its own
local MAX_WORD = 128

local function members_of(raw)
  local ok, found = pcall(json.members, raw, math.huge)
  return ok and found or {}
end

local function member(raw, key)
  local at = members_of(raw)[key]
  return at and raw:sub(at[1], at[2])
end

-- A string's value; a number as it is written.
local function word(raw)
  if raw and raw:sub(1, 1) == '"' then
    local value = json.text(raw)
    return value ~= "" and value or nil
  end
  return raw and raw:match("^%-?%d+$")
end

local first_of

-- A message in one of the shapes that a member has. `detail` of FastAPI is a list of what is wrong where.
local function message_in(raw)
  local kind = raw and raw:sub(1, 1)
  if kind == '"' then
    return word(raw)
  elseif kind == "[" then
    local all = {}
    for _, each in ipairs(json.elements(raw)) do
      local found = each:sub(1, 1) == '"' and word(each) or (first_of(each) or {}).message
      all[#all + 1] = found
    end
    return #all > 0 and table.concat(all, "; ") or nil
  elseif kind == "{" then
    return (first_of(raw) or {}).message
  end
end

-- FastAPI says where as `loc`: ["body", "messages", 0].
local function place(raw)
  local parts = {}
  for _, each in ipairs(json.elements(raw or "")) do
    parts[#parts + 1] = word(each)
  end
  return #parts > 0 and table.concat(parts, ".") or nil
end

local MESSAGES = { "message", "msg", "detail", "errors", "error_description", "Message", "title" }

-- The error that an object tells of, or nil.
function first_of(raw)
  local found = members_of(raw)
  local function at(key)
    return found[key] and raw:sub(found[key][1], found[key][2])
  end
  local inner = at("error")
  if inner and inner:sub(1, 1) == "{" then
    return first_of(inner)
  end
  local problem = { type = word(at("type")), param = word(at("param")), code = word(at("code")) }
  problem.message = message_in(inner)
  for _, key in ipairs(MESSAGES) do
    problem.message = problem.message or message_in(at(key))
  end
  local where = place(at("loc"))
  if where and problem.message then
    problem.message = where .. ": " .. problem.message
  end
  return problem
end

-- A page is written for people who look at a proxy; only its title is a message.
local function page_title(raw)
  return raw:match("<[tT][iI][tT][lL][eE]>%s*(.-)%s*</")
end

local function read(raw)
  local first = raw:match("^%s*(.)")
  if first == "{" or first == "[" then
    local ok, problem = pcall(function()
      return first_of(first == "[" and json.elements(raw)[1] or raw)
    end)
    return ok and problem or {}
  elseif first == "<" then
    return { message = page_title(raw) }
  end
  return { message = raw:match("^%s*(.-)%s*$") }
end

-- Cut at the end of a character.
local function bounded(message)
  if #message > MAX_MESSAGE then
    message = message:sub(1, MAX_MESSAGE):gsub("[\192-\255][\128-\191]*$", "") .. "..."
  end
  return message
end

local function without_secrets(message, secrets)
  for _, secret in ipairs(secrets) do
    local at, last = message:find(secret, 1, true)
    while at do
      message = message:sub(1, at - 1) .. "[secret]" .. message:sub(last + 1)
      at, last = message:find(secret, at, true)
    end
  end
  return message
end

-- `secrets` are texts that no caller may see.
local function of(raw, status, secrets)
  local problem = read(raw)
  local message = bounded(without_secrets(problem.message or "", secrets))
  if message == "" or message == "null" then
    message = nil
  elseif #message < MIN_MESSAGE then
    message = "The provider answered with the status " .. status .. ": " .. message
  end
  local function bounded_word(value)
    return value and #value <= MAX_WORD and not value:find("%c") and without_secrets(value, secrets) or nil
  end
  local code = bounded_word(problem.code)
  return {
    message = message,
    type = bounded_word(problem.type),
    param = bounded_word(problem.param),
    code = code ~= status and code or nil, -- some repeat the status there
  }
end

return { of = of, member = member }
