-- Who calls: the filter before the one that verifies tokens. In: the table KEYS, and a credential where clients put it.
-- Out: a token is where that filter looks for it, in `authorization`; a key that was checked is gone, and its id is in
-- x-gw-key, with which no token is asked for. A client cannot send that header, nor does it leave the edge.

local PLACES = { "x-api-key", "api-key", "x-goog-api-key" } -- of Anthropic's, Azure's and Google's clients
local JWT = "envoy.filters.http.jwt_authn"

local function fail(code, detail)
  error({ code = code, detail = detail }, 0)
end

-- Other places count only where `authorization` is absent.
local function presented(headers)
  local authorization = headers:get("authorization")
  if authorization then
    local scheme, credential = authorization:match("^(%a+) +(%S+) *$")
    return scheme and scheme:lower() == "bearer" and credential
  end
  for _, name in ipairs(PLACES) do
    local value = headers:get(name)
    if value and value:find("^%S+$") then
      return value
    end
  end
end

local function groups_of(text)
  local groups = {}
  for group in text:gmatch("[^:]+") do
    groups[#groups + 1] = group
  end
  return groups
end

local function binary(number, length)
  local digits = {}
  for i = length, 1, -1 do
    digits[i] = number % 2
    number = math.floor(number / 2)
  end
  return table.concat(digits)
end

-- "10.0.0.1:443" or "[2001:db8::1]:443" → "4:" or "6:" and the bits of the address.
local function bits_of(address)
  local four = { address:match("^(%d+)%.(%d+)%.(%d+)%.(%d+):%d+$") }
  local bits = {}
  if four[1] then
    for i = 1, 4 do
      bits[i] = binary(tonumber(four[i]), 8)
    end
    return "4:" .. table.concat(bits)
  end
  local six = address:match("^%[([%x:]+)%]:%d+$") or fail("key_not_here")
  local head, tail = six:match("^(.-)::(.*)$")
  local left, right = groups_of(head or six), groups_of(tail or "")
  for i = 1, 8 do
    local group = left[i] or right[i - 8 + #right] or "0"
    bits[i] = binary(tonumber(group, 16), 16)
  end
  return "6:" .. table.concat(bits)
end

local function check_address(handle, networks)
  local bits = bits_of(handle:streamInfo():downstreamRemoteAddress())
  for _, network in ipairs(networks) do
    if bits:sub(1, #network) == network then
      return
    end
  end
  fail("key_not_here")
end

-- The key's id, if it is one of ours. A key is found by its digest, so how long that takes says nothing about it.
local function checked(handle, text)
  local id = #text == KEY_LENGTH and text:match("^(gwk_[%l%d]+)_%w+$")
  local key = KEYS[id or ""]
  if not key then
    fail("invalid_key", "the gateway does not know it.")
  end
  local now = os.time()
  local ends = key.secrets[sha256(text)]
  if not ends then
    fail("invalid_key", "the gateway does not know it.")
  elseif ends ~= 0 and ends <= now then
    fail("invalid_key", "it was replaced by a new one.")
  elseif key.expires and key.expires <= now then
    fail("invalid_key", "it has expired.")
  elseif key.networks then
    check_address(handle, key.networks)
  end
  return id
end

return function(handle)
  local headers = handle:headers()
  local credential = presented(headers)
  for _, name in ipairs(PLACES) do
    headers:remove(name)
  end
  if not credential then
    return
  elseif credential:sub(1, 4) ~= "gwk_" then
    return headers:replace("authorization", "Bearer " .. credential)
  end
  headers:remove("authorization")
  local id = checked(handle, credential)
  headers:replace("x-gw-key", id)
  -- Where everything after it looks for the client of a token.
  handle:streamInfo():dynamicMetadata():set(JWT, "claims", { client_id = id })
end
