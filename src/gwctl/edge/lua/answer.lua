-- What a client gets to see of an answer. In: Portkey's answer, or a reply of Envoy's own. Out: the same answer in the
-- shape of the path, without guardrail results; and the refusal code of Envoy's own replies for the usage log.

-- The codes of Envoy's own refusals. A failure (5xx) is no refusal.
local BY_STATUS = {
  ["400"] = "bad_request",
  ["401"] = "invalid_token",
  ["403"] = "upgrade_refused",
  ["404"] = "not_found",
  ["408"] = "request_timeout",
  ["413"] = "request_too_large",
  ["431"] = "headers_too_large",
}

local function log_refusal(handle, code)
  handle:streamInfo():dynamicMetadata():set("gw", "refusal", code)
end

local function decision_of(handle)
  local noted = handle:streamInfo():dynamicMetadata():get("gw") or {}
  return noted.decision or {}
end

local function body_of(handle)
  local body = handle:body(true)
  return body, body:getBytes(0, body:length())
end

local function replace(handle, body, text)
  body:setBytes(text)
  handle:headers():replace("content-length", tostring(#text))
  handle:headers():replace("content-type", "application/json")
end

local function replace_by_refusal(handle, body, anthropic, code)
  local refused, message = refusal.of(code)
  if refused.status < "500" then
    log_refusal(handle, code)
  end
  handle:headers():replace(":status", refused.status)
  replace(handle, body, refusal.body(anthropic, refused, message))
end

local function members(raw)
  local ok, found = pcall(json.members, raw, math.huge)
  return ok and found or {}
end

local function member(raw, key)
  local at = members(raw)[key]
  return at and raw:sub(at[1], at[2])
end

local function string_member(raw, key)
  local value = member(raw, key)
  if value and value:sub(1, 1) == '"' then
    return json.text(value)
  end
end

-- What the guardrails found, as Portkey tells it in a member of its answer. In: the member's text, or nil.

-- Whether a guardrail refused the answer, not the request: then the provider has been paid.
local function refused_answer(results)
  return not results or member(results, "after_request_hooks") ~= "[]"
end

-- What each guardrail says: its member `deny`, its id, and its check, of which each has one.
local function guardrails_of(results)
  local found = {}
  for _, stage in ipairs({ "before_request_hooks", "after_request_hooks" }) do
    for _, guardrail in ipairs(json.elements(member(results, stage) or "")) do
      local check = json.elements(member(guardrail, "checks") or "")[1] or "{}"
      found[#found + 1] = {
        refused = member(guardrail, "deny") == "true",
        id = string_member(guardrail, "id"),
        is_agent = string_member(check, "id") == "default.webhook",
        failed = member(check, "error") ~= nil,
        said = string_member(member(check, "data") or "{}", "responseData"),
      }
    end
  end
  return found
end

-- The same, and nothing where that cannot be read.
local function guardrails_in(results)
  local ok, found = pcall(guardrails_of, results or "")
  return ok and found or {}
end

-- The ids of the rules that refused or redacted something: the agent says which, a guardrail of Bedrock's has its rule's.
local function rules_of(guardrails)
  local rules = {}
  for _, each in ipairs(guardrails) do
    local names = each.is_agent and each.said or not each.is_agent and each.refused and each.id
    rules[#rules + 1] = names and names ~= "" and names or nil
  end
  return table.concat(rules, ",")
end

-- Whether it was only that the agent could not look: no answer, or one that is none.
local function is_unchecked(guardrails)
  local unchecked = false
  for _, each in ipairs(guardrails) do
    if each.refused and not (each.is_agent and each.failed) then
      return false
    end
    unchecked = unchecked or each.refused
  end
  return unchecked
end

local function log_rules(handle, guardrails)
  local rules = rules_of(guardrails)
  if rules ~= "" then
    handle:streamInfo():dynamicMetadata():set("gw", "rules", rules)
  end
end

-- Portkey puts `hook_results` last and writes its key before its value as `,"hook_results":`.
local function without(raw, at)
  return raw:sub(1, at[1] - #',"hook_results":' - 1) .. raw:sub(at[2] + 1)
end

-- Portkey's words before a provider's, and for an answer that it cannot read, which it repeats.
local PREFIX, UNREADABLE = "^[%w-]+ error: ", "^Invalid response received from "

local function unescaped(text)
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

-- What a provider says of an error. Portkey's preloaded script tells how its answer begins. Where that is not enough,
-- Portkey's own version has to do, in which much is lost.
local function problem_of(handle, raw, status, express)
  if express then
    return problem.of(raw, status, credentials.secrets())
  end
  local told = handle:headers():get("x-gw-error")
  local found = told and problem.of(unescaped(told), status, credentials.secrets()) or {}
  if found.message then
    return found
  end
  local inner = problem.member(raw, "error")
  if not inner or inner:sub(1, 1) ~= "{" then
    return found -- Portkey's own failure
  end
  found = problem.of(inner, status, credentials.secrets())
  local message = found.message and found.message:gsub(PREFIX, "", 1)
  local says_nothing = message == "null" or message == "undefined" or (message and message:find(UNREADABLE))
  found.message = not says_nothing and message or nil
  return found
end

local OF_LIMITS = { insufficient_quota = true, rate_limit_exceeded = true, requests = true, tokens = true }

-- OpenAI's type: the provider's own where it goes with the status, else the status's.
local function openai_type(kind, status)
  local usual = OPENAI_TYPES[status] or (status < "500" and "invalid_request_error" or "server_error")
  if not kind or not kind:find("^[%l_]+$") then
    return usual
  elseif status == "429" then
    return OF_LIMITS[kind] and kind or usual
  end
  return OPENAI_TYPES[status] and usual or kind
end

local function shape_error(handle, anthropic, status, express)
  local body, raw = body_of(handle)
  local found = problem_of(handle, raw, status, express)
  local _, text = refusal.of("provider_error", status)
  local shaped = {
    openai = openai_type(found.type, status),
    anthropic = ANTHROPIC_TYPES[status] or (status < "500" and "invalid_request_error" or "api_error"),
    code = found.code,
  }
  replace(handle, body, refusal.body(anthropic, shaped, found.message or text, found.param))
end

-- Headers of the edge's own answer where the agent's was none; all others are of whoever answered.
local UNAVAILABLE = { [":status"] = true, ["content-length"] = true, ["content-type"] = true, ["retry-after"] = true }

local function remove_others(headers)
  local surplus = {}
  for key in pairs(headers) do
    if not UNAVAILABLE[key] then
      surplus[#surplus + 1] = key
    end
  end
  for _, key in ipairs(surplus) do
    headers:remove(key)
  end
end

-- A request under a quota that did not get as far as Portkey: the agent refused it, or had nothing sensible to say.
local function complete_quota_refusal(handle, headers)
  local agent = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.ext_authz") or {}
  local code = agent["x-gw-refusal"]
  if code then
    log_refusal(handle, code)
    -- Envoy drops what an agent says with a status of 500 and above: it says such a refusal with another one.
    headers:replace(":status", (refusal.of(code)).status)
  elseif not agent["x-gw-receipt"] then
    if headers:get(":status") == "503" then
      log_refusal(handle, "quota_unavailable")
    end
    remove_others(headers)
  end
end

local function complete(handle)
  local headers = handle:headers()
  local policy = decision_of(handle)
  local status, from_portkey = headers:get(":status"), headers:get("x-gw-portkey")
  if policy.shaped then
    return
  elseif not from_portkey then
    if BY_STATUS[status] and policy.lane ~= "express" then
      log_refusal(handle, BY_STATUS[status])
    elseif status == "503" then
      headers:remove("www-authenticate") -- there when tokens could not be checked
    end
    if policy.quota then
      complete_quota_refusal(handle, headers)
    end
    return
  end
  if policy.dropped then
    headers:replace("x-gw-dropped", policy.dropped)
  end
  local anthropic, express = policy.api == "messages" or policy.api == "count_tokens", policy.lane == "express"
  local is_json = (headers:get("content-type") or ""):find("^application/json")
  if express and status >= "300" and status < "400" then
    -- No model API redirects: one that does has failed, and where it points to is nobody's business.
    headers:replace(":status", "502")
    shape_error(handle, anthropic, "502", express)
  elseif status == "446" and not express then
    local body, raw = body_of(handle)
    local results = member(raw, "hook_results")
    local guardrails = guardrails_in(results)
    log_rules(handle, guardrails)
    local code = refused_answer(results) and "answer_refused" or "content_refused"
    if is_unchecked(guardrails) then
      if code == "answer_refused" then
        log_refusal(handle, code) -- the provider has been paid
      end
      code = "scanner_unavailable"
    end
    replace_by_refusal(handle, body, anthropic, code)
  elseif headers:get("x-gw-uncalled") then
    replace_by_refusal(handle, handle:body(true), anthropic, "untranslatable_body")
  elseif status == "401" or status == "403" then
    replace_by_refusal(handle, handle:body(true), anthropic, "provider_credentials")
  elseif status >= "400" then
    shape_error(handle, anthropic, status, express)
  else
    if status == "246" and not express then
      headers:replace(":status", "200")
    end
    if is_json and not express and (policy.scanned or policy.gemini) then
      local body, raw = body_of(handle)
      if policy.scanned then
        local at = json.members(raw, math.huge).hook_results
        log_rules(handle, guardrails_in(at and raw:sub(at[1], at[2])))
        raw = at and without(raw, at) or raw
      end
      replace(handle, body, policy.gemini and gemini.completion(raw) or raw)
    elseif policy.gemini then
      gemini.stream(handle)
    end
  end
end

-- When the answer cannot be completed, the client must not see it as it is.
local function withhold(handle)
  local policy = decision_of(handle)
  replace_by_refusal(handle, handle:body(true), policy.api == "messages" or policy.api == "count_tokens", "internal_error")
end

return { complete = complete, withhold = withhold }
