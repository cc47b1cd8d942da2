-- Sends a request to the provider itself. In: Envoy's stream handle, the plan of the variant's API (gwctl.edge.express) and
-- the body. Out: the body with the model's name in the provider's words, path, host and key; and where there is more than
-- one try, the list of them, which again.lua reads. The rest of the body is what the caller wrote, byte for byte.

local KEY_HEADERS = { "authorization", "x-api-key", "api-key" }

-- One of the targets, by weight; the request's id is the dice, so that the same request meets the same target.
local function pick(targets, id)
  if #targets == 1 then
    return targets[1]
  end
  local total = 0
  for _, target in ipairs(targets) do
    total = total + target.weight
  end
  local left = (tonumber(id:sub(1, 8), 16) or 0) / 4294967296 * total
  for _, target in ipairs(targets) do
    left = left - target.weight
    if left < 0 then
      return target
    end
  end
  return targets[#targets]
end

local function tries_of(plan, id)
  local tries = {}
  for _, targets in ipairs(plan.steps) do
    local target = pick(targets, id)
    for _ = 1, target.times do
      tries[#tries + 1] = target
    end
  end
  return tries
end

-- What makes the provider say at the end of a stream how many tokens it was; nil: the caller has asked for that.
local function usage_edit(body)
  local at = body.members.stream_options
  if not at then
    return body.members.model[2] + 1, body.members.model[2], ',"stream_options":{"include_usage":true}'
  end
  local raw = body.raw:sub(at[1], at[2])
  if raw:byte() ~= 123 then
    return at[1], at[2], '{"include_usage":true}' -- null; what is anything else, the provider would refuse
  end
  local found = json.members(raw, math.huge)
  local asked = found.include_usage
  if not asked then
    return at[1] + 1, at[1], '"include_usage":true' .. (next(found) and "," or "")
  elseif raw:sub(asked[1], asked[2]) ~= "true" then
    return at[1] + asked[1] - 1, at[1] + asked[2] - 1, "true"
  end
end

-- Where the model's name stands in the body that goes out.
local function rewrite(handle, body, model, wants_usage)
  local at = body.members.model
  local edits, first = { { at[1], at[2], model } }, at[1]
  if wants_usage then
    local from, to, text = usage_edit(body)
    if from and from <= at[1] then
      table.insert(edits, 1, { from, to, text })
      first = first + #text - (to - from + 1)
    elseif from then
      edits[2] = { from, to, text }
    end
  end
  if #edits > 1 or body.raw:sub(at[1], at[2]) ~= model then
    local edited = text.edited(body.raw, edits)
    body.buffer:setBytes(edited)
    handle:headers():replace("content-length", tostring(#edited))
  end
  return first
end

-- The key of a provider, with what stands before it; nil: it has none.
local function key_of(target)
  local key = credentials.key(target.provider) or error({ code = "gateway_unavailable" }, 0)
  return key ~= "" and target.prefix .. key or nil
end

-- Later tries, each by its number: Envoy counts from 1 and says in a header which one it is.
local function later(tries, first)
  local listed = {}
  for i = 2, #tries do
    local target = tries[i]
    listed[tostring(i)] = {
      host = target.host,
      path = target.path,
      model = target.model,
      header = target.header,
      key = key_of(target) or "",
      option = target.option,
    }
  end
  listed.first, listed.last = first, first + #tries[1].model
  return listed
end

local function fall_back(handle, plan, tries, first)
  local metadata, headers = handle:streamInfo():dynamicMetadata(), handle:headers()
  local groups, is_same = {}, true
  for i, target in ipairs(tries) do
    is_same = is_same and target == tries[1]
    groups[i] = { name = tostring(i), clusters = { { cluster_name = (is_same and "express/" or "again/") .. target.provider, weight = 1 } } }
  end
  metadata:set("gw.route", "priority_groups", groups)
  if not is_same then
    metadata:set("gw.tries", "tries", later(tries, first))
  end
  headers:replace("x-envoy-retry-on", "connect-failure,refused-stream,reset,retriable-status-codes")
  headers:replace("x-envoy-retriable-status-codes", plan.statuses)
  headers:replace("x-envoy-max-retries", tostring(#tries - 1))
  -- Who is tried again is given the time that it asks for; another one need not be waited for.
  return is_same and "patient" or "fallback"
end

local function forward(handle, plan, body, noted, wants_usage)
  local headers = handle:headers()
  local tries = tries_of(plan, headers:get("x-request-id") or "")
  local target = tries[1]
  local first = rewrite(handle, body, target.model, wants_usage)
  headers:replace(":path", target.path)
  headers:replace(":authority", target.host)
  headers:replace("content-type", "application/json") -- and not how the caller spells it
  for _, name in ipairs(KEY_HEADERS) do
    headers:remove(name) -- the caller's
  end
  local key = key_of(target)
  if key then
    headers:replace(target.header, key)
  end
  headers:replace("x-envoy-upstream-rq-per-try-timeout-ms", plan.timeout)
  headers:replace("x-gw-route", "express/" .. target.provider)
  headers:replace("x-gw-lane", #tries > 1 and fall_back(handle, plan, tries, first) or "express")
  noted.option = target.option
end

return { forward = forward }
