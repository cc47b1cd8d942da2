-- The providers' credentials, which an Envoy filter puts into a header of each request. In: Envoy's stream handle.
-- Out: the members of Portkey's configuration, or the key alone, by the provider's name; and all values, which no caller may see.

local MIN_SECRET = 8 -- characters; a shorter one is a placeholder, and a word of any text

-- Parsed anew only when they change.
local source, members_of, keys = nil, {}, {}

local function read(handle)
  local told = handle:headers():get("x-gw-credentials")
  if told ~= source then
    local parsed = {}
    for name, at in pairs(json.members(told or "{}", math.huge)) do
      parsed[name] = told:sub(at[1] + 1, at[2] - 1)
    end
    source, members_of, keys = told, parsed, {}
  end
end

local function members(name)
  return members_of[name]
end

-- The API key, empty where there is none; nil: the provider is not known.
local function key(name)
  if not keys[name] and members_of[name] then
    local object = "{" .. members_of[name] .. "}"
    local at = json.members(object, math.huge).api_key
    keys[name] = at and json.text(object:sub(at[1], at[2])) or ""
  end
  return keys[name]
end

local function secrets()
  local found = {}
  for _, each in pairs(members_of) do
    for value in each:gmatch(':"([^"]+)"') do
      found[#found + 1] = #value >= MIN_SECRET and value or nil
    end
  end
  return found
end

return { read = read, members = members, key = key, secrets = secrets }
