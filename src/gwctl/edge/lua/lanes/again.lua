-- Makes the request that one provider did not serve another's. In: a later try, which Envoy counts in x-envoy-attempt-count,
-- and the tries that express.lua listed. Out: its path, host, key and model. Whatever fails here, no key goes where it does
-- not belong.

local function become(handle)
  for _, name in ipairs({ "authorization", "x-api-key", "api-key" }) do
    handle:headers():remove(name)
  end
  local body = handle:body(true) -- what Envoy handed out before this is of no use after it
  local headers, metadata = handle:headers(), handle:streamInfo():dynamicMetadata()
  local tries = metadata:get("gw.tries").tries
  local try = tries[headers:get("x-envoy-attempt-count")]
  local length = body:length()
  local text = body:getBytes(0, tries.first - 1) .. try.model .. body:getBytes(tries.last - 1, length - tries.last + 1)
  body:setBytes(text)
  headers:replace("content-length", tostring(#text))
  headers:replace(":path", try.path)
  headers:replace(":authority", try.host)
  if try.key ~= "" then
    headers:replace(try.header, try.key)
  end
  metadata:set("gw.served", "option", try.option)
end

function envoy_on_request(handle)
  local ok, problem = pcall(become, handle)
  if not ok then
    handle:logErr("again: " .. tostring(problem))
    handle:respond({ [":status"] = "500" }, "")
  end
end
