-- Envoy's entry points. Envoy lets a request go on when a script raises, so nothing may raise out of here.

function envoy_on_request(handle)
  local headers = handle:headers()
  local anthropic = refusal.is_anthropic(headers:get(":path") or "", headers:get("anthropic-version"))
  local noted = {}
  local ok, result = pcall(policy.decide, handle, noted)
  if not ok then
    return refuse(handle, noted, result, anthropic)
  end
  handle:streamInfo():dynamicMetadata():set("gw", "decision", noted) -- at once: each call takes microseconds
  if result then
    handle:respond({ [":status"] = result.status, ["content-type"] = "application/json" }, result.body)
  end
end

function envoy_on_response(handle)
  local ok, problem = pcall(answer.complete, handle)
  if not ok then
    handle:logErr("answer: " .. tostring(problem))
    ok, problem = pcall(answer.withhold, handle)
    if not ok then
      handle:logErr("answer: " .. tostring(problem))
    end
  end
end
