-- Refusals in the shape of the path: Anthropic's on its paths, OpenAI's elsewhere. In: a code of REFUSALS. Out: a body.

local function is_anthropic(path, version)
  return path:sub(1, 12) == "/v1/messages" or (version ~= nil and path:sub(1, 10) == "/v1/models")
end

-- `param` is the place in the request's body, where there is one.
local function body(anthropic, refusal, message, param)
  if anthropic then
    return '{"type":"error","error":{"type":' .. json.quote(refusal.anthropic) .. ',"message":' .. json.quote(message) .. "}}"
  end
  return '{"error":{"message":' .. json.quote(message) .. ',"type":' .. json.quote(refusal.openai)
    .. ',"param":' .. (param and json.quote(param) or "null")
    .. ',"code":' .. (refusal.code and json.quote(refusal.code) or "null") .. "}}"
end

-- The refusal of a code, with `detail` put into its message; a code that is not in the table is an internal error.
local function of(code, detail)
  local refusal = REFUSALS[code] or REFUSALS.internal_error
  local message = refusal.message:gsub("{}", function()
    return detail or ""
  end)
  return refusal, message
end

return { is_anthropic = is_anthropic, body = body, of = of }
