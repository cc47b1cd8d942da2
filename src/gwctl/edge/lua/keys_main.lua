-- Envoy's entry point of the keys' filter. Envoy lets a request go on when a script raises, so nothing may raise out of here.

function envoy_on_request(handle)
  local headers = handle:headers()
  local anthropic = refusal.is_anthropic(headers:get(":path") or "", headers:get("anthropic-version"))
  local ok, problem = pcall(keys, handle)
  if not ok then
    refuse(handle, {}, problem, anthropic)
  end
end
