-- The decision about a request: client -> team -> profile -> alias -> API -> variant.
-- In: Envoy's stream handle, and the tables POLICY SCOPE CLIENTS CLIENTS_OFF CLIENT_PROFILES TEAMS TEAMS_OFF PROFILES VARIANTS PATHS
-- FIELDS CLUSTER QUOTAS RESERVE SCANNED TREATED AS_IT_IS.
-- Out: the headers x-portkey-config, x-gw-route, which names the cluster, x-portkey-note, and under a quota x-gw-reserve; or
-- an error {code, detail}. Either way `noted` holds what was found out: usage log, later filters and answer need it.
-- Without x-gw-route the router knows no cluster, so whatever fails here fails closed.

local MAX_TEXT = 128 -- of a text in the usage log
local CAP = "^#cap (%d+)$" -- in the place of a credential's name

local function fail(code, detail)
  error({ code = code, detail = detail }, 0)
end

local function path_of(handle)
  local path = handle:headers():get(":path") or ""
  return path:match("^[^?#]*"):gsub("(.)/$", "%1"), path:match("%?(.*)")
end

local function check_method(handle, method)
  if handle:headers():get(":method") ~= method then
    fail("method_not_allowed", method)
  end
end

-- Whether the token may read the admin API too.
local function check_token(header, claims)
  if header.alg ~= "RS256" then
    fail("invalid_token", "it is not signed with RS256.")
  end
  if claims.token_use ~= "access" then
    fail("invalid_token", "it is not an access token.")
  end
  local scopes = " " .. (type(claims.scope) == "string" and claims.scope or "") .. " "
  local function has(scope)
    return scopes:find(" " .. scope .. " ", 1, true) ~= nil
  end
  if not has(SCOPE) then
    fail("insufficient_scope", SCOPE)
  end
  return has(READ) or has(ADMIN)
end

-- The client's team and id, what it may use, and whether it may read the admin API too.
local function identify(handle, noted)
  local jwt = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.jwt_authn") or {}
  local claims, is_operator = jwt.claims or {}, false
  if not handle:headers():get("x-gw-key") then -- a key was checked before
    is_operator = check_token(jwt.header or {}, claims)
  end
  local client = claims.client_id
  local team = type(client) == "string" and CLIENTS[client]
  if not team then
    fail("unknown_client")
  end
  noted.team = team
  if CLIENTS_OFF[client] then
    fail("client_disabled")
  end
  if TEAMS_OFF[team] then
    fail("team_disabled")
  end
  return team, client, PROFILES[CLIENT_PROFILES[client] or TEAMS[team]], is_operator
end

local function check_type(handle)
  local headers = handle:headers()
  local kind = (headers:get("content-type") or ""):lower():match("^[^;]*"):match("^%s*(.-)%s*$")
  if kind ~= "application/json" or headers:get("content-encoding") then
    fail("unsupported_media_type")
  end
end

-- What the usage log may know of a request.
local function loggable(request)
  local values = {}
  for key, value in pairs(request) do
    if type(value) ~= "string" or #value <= MAX_TEXT then
      values[key] = value
    end
  end
  return values
end

-- "POST /v1/messages, POST /v1/responses"
local function paths_for(apis)
  local paths = {}
  for path, api in pairs(PATHS) do
    if apis[api] then
      paths[#paths + 1] = path
    end
  end
  table.sort(paths)
  return table.concat(paths, ", ")
end

local function choose(profile, api, request)
  local model = request.model
  if not model then
    fail("invalid_value", "model is missing.")
  end
  local name = json.shown(model)
  local apis = profile[model]
  if not apis then
    fail("model_not_found", name)
  end
  local variant = apis[api]
  if not variant then
    if not next(apis) then
      fail("api_not_supported", "No target of the model " .. name .. " can serve any path.")
    end
    fail("api_not_supported", "The model " .. name .. " cannot be called on this path; it can on: " .. paths_for(apis) .. ".")
  end
  local flags = VARIANTS[variant]
  if flags.closed then
    fail("scanner_unavailable")
  elseif flags.scanned and not SCANNED[api] then
    fail("api_not_scannable", name)
  elseif flags.no_stream and request.stream then
    fail("stream_not_scannable", name)
  end
  return variant, flags
end

-- Literals and names of credentials, or of caps, take turns in `template`.
local function fill_in(template, uncapped)
  local parts = {}
  for i, part in ipairs(template) do
    local cap = part:match(CAP)
    if cap then
      part = uncapped and ',"max_tokens":' .. cap or ""
    elseif i % 2 == 0 then
      part = credentials.members(part) or fail("gateway_unavailable")
    end
    parts[i] = part
  end
  return table.concat(parts)
end

-- The body as the targets take it, and what they do not get of it.
local function fit(handle, api, flags, body, noted)
  local treated = TREATED[flags.treated[api]]
  local dropped, as_it_is = parameters.sort_out(body, treated, flags.drop_unsupported)
  local request = body.request
  local uncapped = api == "chat" and flags.capped and not (request.max_tokens or request.max_completion_tokens)
  if uncapped and flags.cap then
    request.max_tokens = flags.cap
    noted.request.max_tokens = flags.cap
  end
  if treated.translated then
    local edits, lost = conversation.translate(api, body)
    for name in pairs(lost) do
      dropped[#dropped + 1] = name
    end
    if #edits > 0 then
      body_of.replace(handle, body, text.edited(body.raw, edits))
    end
  end
  noted.dropped = dropped[1] and table.concat(dropped, ", ")
  return uncapped, as_it_is
end

local function is_under_quota(asked)
  local covered = reserve.is_covered(asked)
  if covered and not RESERVE then
    fail("quota_unavailable")
  end
  return covered
end

-- Sends the request to Portkey: the route, and what it is to do.
local function forward(handle, api, flags, request, sent, note)
  local config = fill_in(api == "chat" and request.stream and flags.stream_config or flags.config, sent.uncapped)
  local headers = handle:headers()
  headers:replace(":path", sent.as_it_is and AS_IT_IS[api] or (path_of(handle)))
  headers:replace("content-type", "application/json")
  headers:replace("x-portkey-config", config)
  headers:replace("x-gw-route", CLUSTER)
  headers:replace("x-portkey-note", note)
end

local function decide(handle, noted)
  local path, query = path_of(handle)
  local api = PATHS[path]
  noted.policy, noted.api = POLICY, api
  local team, client, profile, is_operator = identify(handle, noted)
  if path == "/v1/models" or path:sub(1, 11) == "/v1/models/" then
    check_method(handle, "GET")
    return models.answer(handle, profile, path, query, is_operator)
  elseif not api then
    fail("not_found")
  end
  check_method(handle, "POST")
  check_type(handle)
  local body = body_of.read(handle)
  local request = body.request
  request.stream = request.stream or false
  noted.request = loggable(request)
  if request.background then
    fail("invalid_value", "background must not be true: the gateway serves no background answers.")
  end
  local variant, flags = choose(profile, api, request)
  noted.variant, noted.skipped, noted.scanned = variant, flags.skipped, flags.scanned
  local plan, sent = flags.express and flags.express[api], {}
  noted.lane, noted.anthropic = plan and "express" or "portkey", refusal.is_anthropic(path) or nil
  if plan and flags.rules then
    scan.apply(handle, flags.rules, body)
  end
  local headers = handle:headers()
  local asked = {
    id = headers:get("x-request-id") or "",
    client = client,
    team = team,
    model = request.model,
    api = api,
    variant = variant,
    anthropic = refusal.is_anthropic(path),
    skipped = flags.skipped,
    express = plan ~= nil and plan ~= false,
  }
  noted.gemini = api == "chat" and flags.gemini or nil
  noted.quota = is_under_quota(asked)
  if not plan then
    sent.uncapped, sent.as_it_is = fit(handle, api, flags, body, noted)
  end
  local note, reservation
  if not plan or noted.quota then
    note, reservation = reserve.headers(asked, body, noted.quota)
  end
  credentials.read(handle)
  if plan then
    express.forward(handle, plan, body, noted, api == "chat" and request.stream)
  else
    forward(handle, api, flags, request, sent, note)
  end
  if not request.stream then
    headers:replace("x-envoy-upstream-rq-timeout-ms", flags.timeout)
  end
  if reservation then
    headers:replace("x-gw-reserve", reservation)
  end
  handle:clearRouteCache()
end

return { decide = decide }
