-- GET /v1/models and /v1/models/{id}: what the caller may use, in OpenAI's or, asked so, in Anthropic's shape.

local function entry(alias, anthropic)
  if anthropic then
    return '{"type":"model","id":' .. json.quote(alias) .. ',"display_name":' .. json.quote(alias) .. ',"created_at":"1970-01-01T00:00:00Z"}'
  end
  return '{"id":' .. json.quote(alias) .. ',"object":"model","created":0,"owned_by":"gateway"}'
end

local function list(aliases, anthropic, query)
  local entries = {}
  for i, alias in ipairs(aliases) do
    entries[i] = entry(alias, anthropic)
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

local function answer(handle, profile, path, query)
  local anthropic = handle:headers():get("anthropic-version") ~= nil
  if path == "/v1/models" then
    local aliases = {}
    for alias, apis in pairs(profile) do
      if next(apis) then
        aliases[#aliases + 1] = alias
      end
    end
    table.sort(aliases)
    return { status = "200", body = list(aliases, anthropic, query) }
  end
  local wanted = unescaped(path:sub(#"/v1/models/" + 1))
  if not profile[wanted] or not next(profile[wanted]) then
    error({ code = "model_not_found", detail = "of this path" }, 0)
  end
  return { status = "200", body = entry(wanted, anthropic) }
end

return { answer = answer }
