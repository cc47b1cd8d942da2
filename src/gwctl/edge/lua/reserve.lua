-- What the agent must know to reserve quota for a request. In: the request as read, and the tables QUOTAS RESERVE POLICY.
-- Out: the header x-gw-reserve, which ends at the edge: the filter after this one asks the agent, the router removes it.

local MAX_TIER = 32
local CAPS = { "max_tokens", "max_completion_tokens", "max_output_tokens" }

local function is_covered(asked)
  local team = "team:" .. asked.team
  return QUOTAS.gateway or QUOTAS[team] or QUOTAS[team .. "/model:" .. asked.model] or QUOTAS["client:" .. asked.client]
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

-- `asked` has what was found out: id client team model api variant anthropic; `body` has raw, members and request.
local function header(asked, body)
  local request = body.request
  local is_outside, images = outside(body.raw, body.members)
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
    ',"tier":', tier_of(request),
    ',"outside":', tostring(is_outside),
    ',"images":', whole(images),
    ',"shape":', asked.anthropic and '"anthropic"' or '"openai"',
    "}",
  })
end

return { is_covered = is_covered, header = header }
