-- GET /v1/models and /v1/models/{id}: what the caller may use, in OpenAI's or, asked so, in Anthropic's shape. Whose token
-- may read the admin API too is told the lanes.

-- By which lane each API of an alias goes, for whoever operates the gateway.
local function lanes_of(apis)
  local told = {}
  for api, variant in pairs(apis) do
    local express = VARIANTS[variant].express
    told[#told + 1] = json.quote(api) .. ":" .. (express and express[api] and '"express"' or '"portkey"')
  end
  table.sort(told)
  return ',"lanes":{' .. table.concat(told, ",") .. "}"
end

local function entry(alias, anthropic, more)
  if anthropic then
    return '{"type":"model","id":' .. json.quote(alias) .. ',"display_name":' .. json.quote(alias) .. ',"created_at":"1970-01-01T00:00:00Z"' .. more .. "}"
  end
  return '{"id":' .. json.quote(alias) .. ',"object":"model","created":0,"owned_by":"gateway"' .. more .. "}"
end

local function list(aliases, anthropic, query, more_of)
  local entries = {}
  for i, alias in ipairs(aliases) do
    entries[i] = entry(alias, anthropic, more_of(alias))
  end
  local data = '"data":[' .. table.concat(entries, ",") .. "]"
  if anthropic then
    local first = aliases[1] and json.quote(aliases[1]) or "null"
    local last = aliases[1] and json.quote(aliases[#aliases]) or "null"
    return "{" .. data .. ',"has_more":false,"first_id":' .. first .. ',"last_id":' .. last .. "}"
  end
  -- Codex asks with its version, expects a list of its own and complains when there is none.
  local for_codex = query and query:find("client_version=", 1, true) and ',"models":[]' or ""
  return '{"object":"list",' .. data .. for_codex .. "}"
end

local function unescaped(text)
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

local function answer(handle, profile, path, query, is_operator)
  local anthropic = handle:headers():get("anthropic-version") ~= nil
  local function more_of(alias)
    return is_operator and lanes_of(profile[alias]) or ""
  end
  if path == "/v1/models" then
    local aliases = {}
    for alias, apis in pairs(profile) do
      if next(apis) then
        aliases[#aliases + 1] = alias
      end
    end
    table.sort(aliases)
    return { status = "200", body = list(aliases, anthropic, query, more_of) }
  end
  local wanted = unescaped(path:sub(#"/v1/models/" + 1))
  if not profile[wanted] or not next(profile[wanted]) then
    error({ code = "model_not_found", detail = "of this path" }, 0)
  end
  return { status = "200", body = entry(wanted, anthropic, more_of(wanted)) }
end

return { answer = answer }
