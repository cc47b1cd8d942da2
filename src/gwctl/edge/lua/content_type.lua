-- Says what an answer is where its content type does not, before the filters that read usage look at that. In: an answer of
-- Portkey's, still in its own words. Out: application/json or text/event-stream, if it is that.

local function is_known(kind)
  return kind:find("^application/json") or kind:find("^text/event%-stream")
end

function envoy_on_response(handle)
  local headers = handle:headers()
  if is_known(headers:get("content-type") or "") or headers:get(":status") ~= "200" or not headers:get("x-gw-portkey") then
    return
  end
  local noted = handle:streamInfo():dynamicMetadata():get("gw") or {}
  local request = (noted.decision or {}).request or {}
  if request.stream then
    -- It must not be held until it is whole. What is no stream has no events, and is estimated as a plain answer.
    headers:replace("content-type", "text/event-stream")
    return
  end
  local body = handle:body(true)
  local start = body:getBytes(0, math.min(body:length(), 64)):match("^%s*(.*)")
  if start:find("^[{%[]") then
    headers:replace("content-type", "application/json")
  elseif start:find("^data:") or start:find("^event:") then
    headers:replace("content-type", "text/event-stream")
  end
end
