-- Whether a request may make the provider read more than the request's own bytes: a file or a page by its name, an
-- earlier conversation, a tool that the provider runs itself, a document that is packed. Such a request has no bound
-- by its size. In: a body that json.lua has checked, and its members. Out: true or false,
-- and how many images there are: of a small one a provider may make many more tokens than it has bytes.
-- Everything that is not known to be harmless counts, and a name is known only as it is usually written: an escape in
-- it, which a provider would undo, makes it unknown. What a tool takes or says is data to the provider and not looked at.

local byte, find, sub = string.byte, string.find, string.sub
local QUOTE, OPEN_BRACE, OPEN_BRACKET, NULL = 34, 123, 91, 110

-- A rule returns nil where something may be outside.
local after_string, any, null, scalar, word = shapes.after_string, shapes.any, shapes.null, shapes.scalar, shapes.word
local beginning_with, list, object, by_kind = shapes.beginning_with, shapes.list, shapes.object, shapes.by_kind

local images = 0 -- of the request at hand

local function counted(rule)
  return function(s, i)
    images = images + 1
    return rule(s, i)
  end
end

local image = counted(beginning_with("data:image/"))
local block = {}
local blocks = list(object(block))
local content = by_kind({ string = any, list = blocks, object = object(block) })

-- A packed document (PDF) is many more tokens than bytes.
local source = object({
  type = word("base64", "text", "content"),
  media_type = counted(word("image/png", "image/jpeg", "image/gif", "image/webp", "text/plain")),
  data = any,
  content = content,
})

for key, rule in pairs({
  type = word(
    "text", "input_text", "output_text", "summary_text", "reasoning_text", "refusal", "thinking", "redacted_thinking",
    "tool_use", "tool_result", "image", "image_url", "input_image", "input_audio", "document", "search_result"
  ),
  annotations = any, -- of earlier answers
  cache_control = any,
  caller = any,
  citations = any,
  content = content,
  context = any,
  data = any,
  detail = any,
  id = any,
  image_url = by_kind({ string = image, object = object({ url = image, detail = any }) }),
  input = any,
  input_audio = object({ data = any, format = any }),
  is_error = any,
  logprobs = any,
  name = any,
  refusal = any,
  signature = any,
  source = by_kind({ string = any, object = source }), -- of a search result it is only its name
  text = any,
  thinking = any,
  title = any,
  tool_use_id = any,
}) do
  block[key] = rule
end

-- A message, or an item of the Responses API. Reasoning without its content stands for some that the provider kept.
local message = object({
  type = word(
    "message", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output", "reasoning",
    "local_shell_call", "local_shell_call_output"
  ),
  action = any,
  annotations = any,
  arguments = any,
  cache_control = any,
  call_id = any,
  content = content,
  encrypted_content = any,
  function_call = any,
  id = any,
  input = any,
  name = any,
  output = content,
  phase = any,
  reasoning = any,
  reasoning_content = any,
  reasoning_details = any,
  refusal = any,
  role = any,
  status = any,
  summary = any,
  tool_call_id = any,
  tool_calls = list(object({
    type = word("function", "custom"),
    custom = any,
    extra_content = any,
    ["function"] = any,
    id = any,
    index = any,
  })),
}, function(has)
  return (has.type or ""):sub(1, 11) ~= '"reasoning"' or (has.encrypted_content or "n"):byte() == QUOTE
end)

-- Of a function with such a name Portkey makes one of Google's own tools.
local GOOGLES = {
  googleSearch = true,
  google_search = true,
  googleSearchRetrieval = true,
  google_search_retrieval = true,
  computerUse = true,
  computer_use = true,
  googleMaps = true,
  google_maps = true,
}

local function own_name(s, i)
  if byte(s, i) == QUOTE then
    local after = after_string(s, i)
    local name = sub(s, i + 1, after - 2)
    return not GOOGLES[name] and not find(name, "\\", 1, true) and after
  end
end

local function definition(more)
  local rules = {
    name = own_name,
    allowed_callers = any,
    cache_control = any,
    defer_loading = any,
    description = any,
    eager_input_streaming = any,
    format = any,
    input_examples = any,
    input_schema = any,
    parameters = any,
    strict = any,
  }
  for key, rule in pairs(more or {}) do
    rules[key] = rule
  end
  return object(rules)
end

local tool = definition({
  type = word("function", "custom"),
  ["function"] = definition(),
  custom = definition(),
})

local function input_item(s, i)
  local b = byte(s, i)
  if b == OPEN_BRACE then
    return message(s, i)
  elseif b == OPEN_BRACKET then
    return list(scalar)(s, i) -- tokens to embed
  end
  return any(s, i)
end

local input = by_kind({ string = any, list = list(input_item) })

local TOP = {
  context_management = object({
    edits = list(object({
      type = word("clear_tool_uses_20250919", "clear_thinking_20251015"),
      clear_at_least = any,
      clear_tool_inputs = any,
      exclude_tools = any,
      keep = any,
      trigger = any,
    })),
  }),
  functions = list(definition()),
  input = input,
  instructions = input,
  messages = list(message),
  prediction = object({ type = word("content"), content = content }),
  system = content,
  tools = list(tool),
}
for _, key in ipairs({
  "audio", "cache_control", "client_metadata", "dimensions", "encoding_format", "frequency_penalty", "function_call",
  "include", "inference_geo", "logit_bias", "logprobs", "max_completion_tokens", "max_output_tokens", "max_tokens",
  "max_tool_calls", "metadata", "modalities", "model", "n", "output_config", "output_format", "parallel_tool_calls",
  "presence_penalty", "prompt_cache_key", "prompt_cache_retention", "reasoning", "reasoning_effort", "response_format",
  "safety_identifier", "seed", "service_tier", "speed", "stop", "stop_sequences", "store", "stream", "stream_options",
  "temperature", "text", "thinking", "tool_choice", "top_k", "top_logprobs", "top_p", "truncation", "user", "verbosity",
}) do
  TOP[key] = any
end

return function(raw, members)
  images = 0
  for key, at in pairs(members) do
    local i = at[1]
    local rule = byte(raw, i) == NULL and null or TOP[key] or null
    if not rule(raw, i) then
      return true, images
    end
  end
  return false, images
end
