-- What is told about a request. In: the request as read, and the tables QUOTAS POLICY. Out: two headers.
-- x-portkey-note goes to Portkey with every request: what the agent needs to meter it if this edge dies before it has written a
-- line. Portkey hands it on to nobody.
-- x-gw-reserve is what the agent must know to reserve quota. The filter after this one asks the agent; it ends at the edge.

local MAX_TIER = 32
local CAPS = { "max_tokens", "max_completion_tokens", "max_output_tokens" }

-- This process, by which the agent knows whether the edge is dead; 0: not known.
local has_ffi, ffi = pcall(require, "ffi")
if has_ffi then
  ffi.cdef("int getpid(void);")
end
local EDGE = has_ffi and ffi.C.getpid() or 0

local function is_covered(asked)
  local team = "team:" .. asked.team
  local client = (asked.client:sub(1, 4) == "gwk_" and "key:" or "client:") .. asked.client
  return QUOTAS.gateway or QUOTAS[team] or QUOTAS[team .. "/model:" .. asked.model] or QUOTAS[client]
end

local function whole(number)
  return string.format("%.0f", number)
end

local function cap_of(request)
  local cap
  for _, key in ipairs(CAPS) do
    if request[key] and (not cap or request[key] > cap) then
      cap = request[key]
    end
  end
  return cap and whole(cap) or "null"
end

-- Anthropic sells a faster mode as `speed`; whoever asks for both pays the dearer one at most.
local function tier_of(request)
  local tier = request.speed == "fast" and "fast" or request.service_tier
  if tier and #tier <= MAX_TIER and tier:find("^[%l_]+$") then
    return json.quote(tier)
  end
  return "null"
end

-- `asked` has what was found out: id client team model api variant anthropic skipped; `body` has raw, members, request.
local function told(asked, body)
  local request = body.request
  return table.concat({
    '{"id":', json.quote(asked.id),
    ',"client":', json.quote(asked.client),
    ',"team":', json.quote(asked.team),
    ',"model":', json.quote(asked.model),
    ',"api":', json.quote(asked.api),
    ',"variant":', json.quote(asked.variant),
    ',"policy":', json.quote(POLICY),
    ',"stream":', tostring(request.stream),
    ',"bytes":', whole(#body.raw),
    ',"cap":', cap_of(request),
    ',"n":', whole(math.max(request.n or 1, 1)),
  })
end

-- Both headers; the second is nil without a quota.
local function headers(asked, body, under_quota)
  local common = told(asked, body)
  local skipped = asked.skipped and ',"skipped":' .. json.quote(asked.skipped) or ""
  local note = common .. skipped .. ',"edge":' .. EDGE .. "}"
  if not under_quota then
    return note
  end
  local is_outside, images = outside(body.raw, body.members)
  return note, table.concat({
    common,
    ',"tier":', tier_of(body.request),
    ',"outside":', tostring(is_outside),
    ',"images":', whole(images),
    ',"shape":', asked.anthropic and '"anthropic"' or '"openai"',
    asked.express and ',"lane":"express"' or "",
    "}",
  })
end

return { is_covered = is_covered, headers = headers }
