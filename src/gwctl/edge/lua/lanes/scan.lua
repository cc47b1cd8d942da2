-- Asks the agent what content rules say about a request that goes to the provider itself. In: Envoy's stream handle, the rules
-- as the agent wants them, and the body as it was read. Out: the body as they let it pass; an error if it is refused, or if the
-- agent has nothing to say. The call is the one that Portkey makes (gwctl.agent.scan_server). While it is made Envoy may
-- do other things, so whatever it handed out before is of no use after it.

local TIMEOUT_MS = 5000

local function member(raw, key)
  local at = raw and json.members(raw, math.huge)[key]
  return at and raw:sub(at[1], at[2])
end

local function read(answer)
  local changed = member(member(member(answer, "transformedData") or "{}", "request") or "{}", "json")
  return member(answer, "verdict"), json.text(member(answer, "data") or '""'), changed
end

-- What the request is to be replaced by; nil: it may pass as it is.
local function ask(handle, rules, raw)
  local headers, answer = handle:httpCall("scanner", {
    [":method"] = "POST",
    [":path"] = "/",
    [":authority"] = "agent",
    ["x-gw-rules"] = rules,
  }, '{"eventType":"beforeRequestHook","request":{"json":' .. raw .. "}}", TIMEOUT_MS)
  local ok, verdict, found, changed = false, nil, nil, nil
  if headers[":status"] == "200" then
    ok, verdict, found, changed = pcall(read, answer)
  end
  if not ok or (verdict ~= "true" and verdict ~= "false") then
    error({ code = "scanner_unavailable" }, 0)
  end
  if found ~= "" then
    handle:streamInfo():dynamicMetadata():set("gw", "rules", found)
  end
  if verdict == "false" then
    error({ code = "content_refused" }, 0)
  end
  return changed
end

local function apply(handle, rules, body)
  local changed = ask(handle, rules, body.raw)
  body.buffer = handle:body(true)
  if changed then
    body_of.replace(handle, body, changed, true)
  end
end

return { apply = apply }
