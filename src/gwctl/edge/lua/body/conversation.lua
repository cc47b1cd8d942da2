-- Bodies that Portkey rewrites for another API. It goes through them as if they were well-formed, and fails where they are
-- not, which would look like the provider's fault. In: a body that json.lua has checked. Out: edits that make it what every
-- target takes, or an error that names the place. What is not looked at here Portkey hands on as it is, or leaves out.

local byte, find, sub = string.byte, string.find, string.sub
local KINDS = { [34] = "string", [91] = "list", [102] = "boolean", [110] = "null", [116] = "boolean", [123] = "object" }

local path, edits, noticed -- of the request at hand

local function place()
  local parts = {}
  for i, part in ipairs(path) do
    parts[i] = type(part) == "number" and "[" .. part .. "]" or (i > 1 and "." or "") .. part
  end
  return table.concat(parts)
end

local function fail(problem)
  local where = place()
  error({ code = "invalid_value", detail = where .. " " .. problem, param = where }, 0)
end

-- A shape has, for each kind of value that may stand there, true, or what the value's inside must be like: for a list
-- a shape, for an object shapes by key, for a text a function of its position. `needs` names keys that must be there.
local check

-- What an object says of its kind; `by_type` has what each kind must be like.
local function type_of(raw, first)
  local found
  json.each_member(raw, first, function(key, from, to)
    if key == "type" then
      found = sub(raw, from + 1, to - 1)
    end
  end)
  return found
end

local function check_members(raw, first, shapes, needs)
  local has = {}
  json.each_member(raw, first, function(key, from, to)
    if find(key, "\\", 1, true) then
      key = json.text('"' .. key .. '"')
    end
    local shape = shapes[key]
    if shape then
      has[key] = true
      path[#path + 1] = key
      check(raw, from, to, shape)
      path[#path] = nil
    end
  end)
  for _, key in ipairs(needs or {}) do
    if not has[key] then
      path[#path + 1] = key
      fail("is missing.")
    end
  end
end

local function check_elements(raw, first, shape)
  local index = 0
  json.each_element(raw, first, function(from, to)
    path[#path + 1] = index
    check(raw, from, to, shape)
    path[#path] = nil
    index = index + 1
  end)
end

function check(raw, first, last, shape)
  local kind = KINDS[byte(raw, first)] or "number"
  local inside = shape[kind]
  if not inside then
    fail("must be " .. shape.must .. ".")
  elseif inside == true then
    return
  elseif kind == "object" then
    check_members(raw, first, inside, shape.needs)
    local more = shape.by_type and shape.by_type[type_of(raw, first)]
    if more then
      check_members(raw, first, more.object, more.needs)
    end
  elseif kind == "list" then
    check_elements(raw, first, inside)
  else
    inside(raw, first, last)
  end
end

local function arguments(raw, first, last)
  local value = json.text(sub(raw, first, last))
  if not find(value, "%S") then
    edits[#edits + 1] = { first, last, '"{}"' } -- what clients write for a call without arguments
  elseif not json.is_object(value) then
    fail("must be a JSON object, written as a text.")
  end
end

local function listed(raw, first, last)
  edits[#edits + 1] = { first, last, "[" .. sub(raw, first, last) .. "]" }
end

local function time_to_live(raw, first, last)
  if sub(raw, first, last) ~= '"5m"' then
    noticed["cache_control.ttl"] = true
  end
end

local text = { string = true, must = "a text" }
local optional_text = { string = true, null = true, must = "a text" }
local object = { object = true, null = true, must = "an object" }
local texts = { list = text, null = true, must = "a list of texts" }
local cache_control = {
  object = { ttl = { string = time_to_live, null = true, must = "a text" } },
  null = true,
  must = "an object",
}

local part = {
  object = {
    type = text,
    text = optional_text,
    image_url = { object = { url = text, mime_type = optional_text }, needs = { "url" }, must = "an object with a url" },
    input_audio = { object = { data = text, format = text }, needs = { "data", "format" }, must = "an object" },
    file = {
      object = { mime_type = optional_text, file_data = optional_text, file_url = optional_text, file_name = optional_text },
      must = "an object",
    },
    cache_control = cache_control,
  },
  needs = { "type" },
  must = "an object",
}
local call = {
  object = {
    id = optional_text,
    ["function"] = {
      object = { name = text, arguments = { string = arguments, must = "a JSON object, written as a text" } },
      needs = { "name", "arguments" },
      must = "an object",
    },
    cache_control = cache_control,
  },
  needs = { "function" },
  must = "an object",
}
local message = {
  object = {
    role = text,
    content = { string = true, null = true, list = part, must = "a text or a list of parts" },
    content_blocks = { null = true, list = { object = true, must = "an object" }, must = "a list of objects" },
    tool_calls = { null = true, list = call, must = "a list of calls" },
    tool_call_id = optional_text,
    name = optional_text,
    cache_control = cache_control,
  },
  needs = { "role" },
  must = "an object",
}
local definition = {
  object = { name = text, description = optional_text, parameters = object, strict = { boolean = true, null = true, must = "true or false" } },
  needs = { "name" },
  must = "an object",
}

local CHAT = {
  messages = { list = message, must = "a list of messages" },
  tools = {
    null = true,
    list = {
      object = { type = text, ["function"] = definition, cache_control = cache_control },
      needs = { "type" },
      must = "an object",
    },
    must = "a list of tools",
  },
  tool_choice = {
    null = true,
    string = true,
    object = { ["function"] = { object = { name = text }, needs = { "name" }, must = "an object with a name" } },
    needs = { "function" },
    must = "a text or an object that names a function",
  },
  response_format = {
    null = true,
    object = { type = text, json_schema = { object = { schema = object }, null = true, must = "an object" } },
    must = "an object",
  },
  stop = { null = true, string = listed, list = text, must = "a text or a list of texts" },
  modalities = texts,
  thinking = object,
  image_config = object,
  additional_model_request_fields = object,
  additionalModelRequestFields = object,
}

-- Bedrock wants the format of media in words of its own, which Portkey makes of the media type.
local with_format = { object = { media_type = text }, needs = { "media_type" } }
local function media(by_type)
  return { object = { source = { object = { type = text }, by_type = by_type, must = "an object" } }, needs = { "source" } }
end
local image, document = media({ base64 = with_format, url = with_format }), media({ base64 = with_format })
local in_result = {
  object = { type = text },
  by_type = { image = image },
  must = "an object",
}
local block = {
  object = { type = text },
  needs = { "type" },
  by_type = {
    image = image,
    document = document,
    tool_result = { object = { content = { string = true, null = true, list = in_result, must = "a text or a list of blocks" } } },
  },
  must = "an object",
}
local blocks = { string = true, null = true, list = block, must = "a text or a list of blocks" }
local MESSAGES = {
  messages = {
    list = { object = { role = text, content = blocks }, needs = { "role", "content" }, must = "an object" },
    must = "a list of messages",
  },
  system = blocks,
  tools = { null = true, list = { object = {}, must = "an object" }, must = "a list of tools" },
  tool_choice = { null = true, object = { type = text }, must = "an object" },
  thinking = object,
  stop_sequences = texts,
  additional_model_request_fields = object,
}

local token = { string = true, number = true, list = { number = true, must = "a number" }, must = "a text or a token" }
local SHAPES = {
  chat = CHAT,
  messages = MESSAGES,
  count_tokens = MESSAGES,
  embeddings = { input = { string = true, list = token, must = "a text or a list of texts" } },
}

-- The edits that the body needs, in order, and the names of what is lost inside of it.
local function translate(api, body)
  path, edits, noticed = {}, {}, {}
  for key, shape in pairs(SHAPES[api] or {}) do
    local at = body.members[key]
    if at then
      path = { key }
      check(body.raw, at[1], at[2], shape)
    end
  end
  table.sort(edits, function(one, other)
    return one[1] < other[1]
  end)
  return edits, noticed
end

return { translate = translate }
