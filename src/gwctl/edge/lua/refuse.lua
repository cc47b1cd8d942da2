-- Answers a request with a refusal. In: Envoy's handle, what was found out about the request, and what a script has
-- raised: {code, detail}, or anything else, which is a fault of ours.

return function(handle, noted, problem, anthropic)
  if type(problem) ~= "table" then
    handle:logErr("policy: " .. tostring(problem))
    problem = { code = "internal_error" }
  end
  local refused, message = refusal.of(problem.code, problem.detail)
  local metadata = handle:streamInfo():dynamicMetadata()
  noted.shaped = true
  metadata:set("gw", "decision", noted)
  if refused.status < "500" or refused.code == "quota_unavailable" then
    metadata:set("gw", "refusal", refused.code)
  end
  local headers = { [":status"] = refused.status, ["content-type"] = "application/json" }
  if refused.status == "401" then
    headers["www-authenticate"] = 'Bearer error="invalid_token"'
  elseif refused.status == "405" then
    headers["allow"] = problem.detail
  end
  handle:respond(headers, refusal.body(anthropic, refused, message, problem.param))
end
