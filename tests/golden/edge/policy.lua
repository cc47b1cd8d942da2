-- Generated; do not edit. GWCTL_UPDATE_GOLDEN=1 .venv/bin/python -m pytest tests/unit/edge/test_golden.py
local POLICY = "1\04682f4fd8c"
local SCOPE = "gateway/invoke"
local CLUSTER = "portkey"
local RESERVE = true
local QUOTAS = {}
;(function(t)
t["team\058search"]=true
end)(QUOTAS)
local CLIENTS = {}
;(function(t)
t["platform-ci"]="platform"
t["search-api"]="search"
end)(CLIENTS)
local CLIENTS_OFF = {}
local TEAMS = {}
;(function(t)
t["platform"]="p9cb84912596f"
t["search"]="pd63b5109bdc3"
end)(TEAMS)
local TEAMS_OFF = {}
local PROFILES = {}
PROFILES["p9cb84912596f"] = {}
;(function(t)
t["checked"]={["chat"]="checked\12652999725",["embeddings"]="checked\12652999725",["responses"]="checked\12652999725"}
t["claude"]={["chat"]="claude\126781b6718",["count_tokens"]="claude\12626e33625",["embeddings"]="claude\1262d80fcb5",["messages"]="claude\12626e33625",["responses"]="claude\1262d80fcb5"}
t["fast"]={["chat"]="fast\1262d80fcb5",["embeddings"]="fast\1262d80fcb5",["responses"]="fast\1262d80fcb5"}
end)(PROFILES["p9cb84912596f"])
PROFILES["pd63b5109bdc3"] = {}
;(function(t)
t["fast"]={["chat"]="fast\1262d80fcb5",["embeddings"]="fast\1262d80fcb5",["responses"]="fast\1262d80fcb5"}
end)(PROFILES["pd63b5109bdc3"])
local VARIANTS = {}
;(function(t)
t["checked\12652999725"]={["config"]={"\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\044\034strict_open_ai_compliance\034\058true\044\034input_guardrails\034\058\091\123\034id\034\058\034patterns\034\044\034default\046webhook\034\058\123\034webhookURL\034\058\034http\058//127\0460\0460\0461\0588788/\034\044\034headers\034\058\123\034x-gw-rules\034\058\034\091\091\092\034cards\092\034\044\092\034\092\092\092\092b\092\092\092\092d\12316\125\092\092\092\092b\092\034\044\092\034\091redacted\093\092\034\093\044\091\092\034names\092\034\044\092\034Project \092\092\092\034X\092\092\092\034\092\034\044null\093\093\034\125\044\034timeout\034\0585000\044\034failOnError\034\058true\125\044\034deny\034\058true\125\093\044\034output_guardrails\034\058\091\123\034id\034\058\034patterns\034\044\034default\046webhook\034\058\123\034webhookURL\034\058\034http\058//127\0460\0460\0461\0588788/\034\044\034headers\034\058\123\034x-gw-rules\034\058\034\091\091\092\034names\092\034\044\092\034Project \092\092\092\034X\092\092\092\034\092\034\044null\093\093\034\125\044\034timeout\034\0585000\044\034failOnError\034\058true\125\044\034deny\034\058true\125\093\125"},["timeout"]="602000",["stream_config"]={"\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\044\034stream_options\034\058\123\034include_usage\034\058true\125\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\044\034strict_open_ai_compliance\034\058true\044\034input_guardrails\034\058\091\123\034id\034\058\034patterns\034\044\034default\046webhook\034\058\123\034webhookURL\034\058\034http\058//127\0460\0460\0461\0588788/\034\044\034headers\034\058\123\034x-gw-rules\034\058\034\091\091\092\034cards\092\034\044\092\034\092\092\092\092b\092\092\092\092d\12316\125\092\092\092\092b\092\034\044\092\034\091redacted\093\092\034\093\044\091\092\034names\092\034\044\092\034Project \092\092\092\034X\092\092\092\034\092\034\044null\093\093\034\125\044\034timeout\034\0585000\044\034failOnError\034\058true\125\044\034deny\034\058true\125\093\044\034output_guardrails\034\058\091\123\034id\034\058\034patterns\034\044\034default\046webhook\034\058\123\034webhookURL\034\058\034http\058//127\0460\0460\0461\0588788/\034\044\034headers\034\058\123\034x-gw-rules\034\058\034\091\091\092\034names\092\034\044\092\034Project \092\092\092\034X\092\092\092\034\092\034\044null\093\093\034\125\044\034timeout\034\0585000\044\034failOnError\034\058true\125\044\034deny\034\058true\125\093\125"},["scanned"]=true,["no_stream"]=true}
t["claude\12626e33625"]={["config"]={"\123\034strategy\034\058\123\034mode\034\058\034loadbalance\034\125\044\034targets\034\058\091\123\034provider\034\058\034anthropic\034\044","anthropic","\044\034override_params\034\058\123\034model\034\058\034claude-sonnet-4-5\034\125\044\034request_timeout\034\058600000\044\034retry\034\058\123\034attempts\034\0581\044\034on_status_codes\034\058\091529\093\125\044\034forward_headers\034\058\091\034anthropic-beta\034\044\034anthropic-version\034\093\044\034weight\034\0583\125\044\123\034provider\034\058\034bedrock\034\044","bedrock-eu","\044\034override_params\034\058\123\034model\034\058\034eu\046anthropic\046claude-sonnet-4-5-20250929-v1\0580\034\125\044\034request_timeout\034\058600000\044\034retry\034\058\123\034attempts\034\0581\044\034on_status_codes\034\058\091529\093\125\044\034aws_region\034\058\034eu-central-1\034\044\034weight\034\0581\125\093\044\034strict_open_ai_compliance\034\058true\125"},["timeout"]="1203000"}
t["claude\1262d80fcb5"]={["config"]={"\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\044\034strict_open_ai_compliance\034\058true\125"},["timeout"]="602000"}
t["claude\126781b6718"]={["config"]={"\123\034strategy\034\058\123\034mode\034\058\034fallback\034\044\034on_status_codes\034\058\091408\044429\044500\044502\044503\044504\044529\093\125\044\034targets\034\058\091\123\034strategy\034\058\123\034mode\034\058\034loadbalance\034\125\044\034targets\034\058\091\123\034provider\034\058\034anthropic\034\044","anthropic","\044\034override_params\034\058\123\034model\034\058\034claude-sonnet-4-5\034\125\044\034request_timeout\034\058600000\044\034retry\034\058\123\034attempts\034\0581\044\034on_status_codes\034\058\091529\093\125\044\034forward_headers\034\058\091\034anthropic-beta\034\044\034anthropic-version\034\093\044\034weight\034\0583\125\044\123\034provider\034\058\034bedrock\034\044","bedrock-eu","\044\034override_params\034\058\123\034model\034\058\034eu\046anthropic\046claude-sonnet-4-5-20250929-v1\0580\034\125\044\034request_timeout\034\058600000\044\034retry\034\058\123\034attempts\034\0581\044\034on_status_codes\034\058\091529\093\125\044\034aws_region\034\058\034eu-central-1\034\044\034weight\034\0581\125\093\125\044\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\125\093\044\034strict_open_ai_compliance\034\058true\125"},["timeout"]="1803000",["stream_config"]={"\123\034strategy\034\058\123\034mode\034\058\034fallback\034\044\034on_status_codes\034\058\091408\044429\044500\044502\044503\044504\044529\093\125\044\034targets\034\058\091\123\034strategy\034\058\123\034mode\034\058\034loadbalance\034\125\044\034targets\034\058\091\123\034provider\034\058\034anthropic\034\044","anthropic","\044\034override_params\034\058\123\034model\034\058\034claude-sonnet-4-5\034\125\044\034request_timeout\034\058600000\044\034retry\034\058\123\034attempts\034\0581\044\034on_status_codes\034\058\091529\093\125\044\034forward_headers\034\058\091\034anthropic-beta\034\044\034anthropic-version\034\093\044\034weight\034\0583\125\044\123\034provider\034\058\034bedrock\034\044","bedrock-eu","\044\034override_params\034\058\123\034model\034\058\034eu\046anthropic\046claude-sonnet-4-5-20250929-v1\0580\034\125\044\034request_timeout\034\058600000\044\034retry\034\058\123\034attempts\034\0581\044\034on_status_codes\034\058\091529\093\125\044\034aws_region\034\058\034eu-central-1\034\044\034weight\034\0581\125\093\125\044\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\125\093\044\034strict_open_ai_compliance\034\058true\044\034override_params\034\058\123\034stream_options\034\058\123\034include_usage\034\058true\125\125\125"}}
t["fast\1262d80fcb5"]={["config"]={"\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\044\034strict_open_ai_compliance\034\058true\125"},["timeout"]="602000",["stream_config"]={"\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\044\034stream_options\034\058\123\034include_usage\034\058true\125\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\044\034strict_open_ai_compliance\034\058true\125"}}
end)(VARIANTS)
local FIELDS = {}
;(function(t)
t["model"]="string"
t["stream"]="boolean"
t["background"]="boolean"
t["max_tokens"]="count"
t["max_completion_tokens"]="count"
t["max_output_tokens"]="count"
t["n"]="count"
t["service_tier"]="string"
t["speed"]="string"
end)(FIELDS)
local SCANNED = {}
;(function(t)
t["chat"]=true
t["embeddings"]=true
t["messages"]=true
end)(SCANNED)
local PATHS = {}
;(function(t)
t["/v1/chat/completions"]="chat"
t["/v1/messages"]="messages"
t["/v1/messages/count_tokens"]="count_tokens"
t["/v1/responses"]="responses"
t["/v1/embeddings"]="embeddings"
end)(PATHS)
local REFUSALS = {}
;(function(t)
t["invalid_token"]={["code"]="invalid_token",["status"]="401",["openai"]="authentication_error",["anthropic"]="authentication_error",["message"]="The access token was not accepted\058 \123\125"}
t["upgrade_refused"]={["code"]="upgrade_refused",["status"]="403",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="The gateway does not upgrade connections\046"}
t["insufficient_scope"]={["code"]="insufficient_scope",["status"]="403",["openai"]="permission_error",["anthropic"]="permission_error",["message"]="The access token lacks the scope \123\125\046"}
t["unknown_client"]={["code"]="unknown_client",["status"]="403",["openai"]="permission_error",["anthropic"]="permission_error",["message"]="This client belongs to no team\046 Ask the gateway\039s administrators to add it\046"}
t["client_disabled"]={["code"]="client_disabled",["status"]="403",["openai"]="permission_error",["anthropic"]="permission_error",["message"]="This client is disabled\046 Ask the gateway\039s administrators\046"}
t["team_disabled"]={["code"]="team_disabled",["status"]="403",["openai"]="permission_error",["anthropic"]="permission_error",["message"]="The team of this client is disabled\046 Ask the gateway\039s administrators\046"}
t["not_found"]={["code"]="not_found",["status"]="404",["openai"]="invalid_request_error",["anthropic"]="not_found_error",["message"]="The gateway serves no such path\046"}
t["model_not_found"]={["code"]="model_not_found",["status"]="404",["openai"]="invalid_request_error",["anthropic"]="not_found_error",["message"]="The model \123\125 does not exist or your team may not use it\046 GET /v1/models lists what it may use\046"}
t["method_not_allowed"]={["code"]="method_not_allowed",["status"]="405",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="This path takes \123\125 requests only\046"}
t["unsupported_media_type"]={["code"]="unsupported_media_type",["status"]="415",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="The body must be JSON\058 content-type application/json\044 no content-encoding\046"}
t["malformed_json"]={["code"]="malformed_json",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="The body is not a JSON object\058 \123\125"}
t["duplicate_key"]={["code"]="duplicate_key",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="The body has the key \123\125 twice\046"}
t["invalid_value"]={["code"]="invalid_value",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="In the body\044 \123\125"}
t["api_not_supported"]={["code"]="api_not_supported",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="\123\125"}
t["stream_not_scannable"]={["code"]="stream_not_scannable",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="Content rules hold for answers of the model \123\125\044 and a stream cannot be checked\046 Send \034stream\034\058 false\046"}
t["api_not_scannable"]={["code"]="api_not_scannable",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="Content rules hold for the model \123\125\044 and they cannot be checked on this path\046"}
t["content_refused"]={["code"]="content_refused",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="A content rule of the gateway refused this request\046"}
t["answer_refused"]={["code"]="answer_refused",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="A content rule of the gateway refused the model\039s answer\046"}
t["bad_request"]={["code"]="bad_request",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="The request is not valid HTTP\044 or its path is not allowed\046"}
t["request_timeout"]={["code"]="request_timeout",["status"]="408",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="The request did not arrive in time\046"}
t["request_too_large"]={["code"]="request_too_large",["status"]="413",["openai"]="invalid_request_error",["anthropic"]="request_too_large",["message"]="The request is larger than the gateway accepts\046"}
t["headers_too_large"]={["code"]="headers_too_large",["status"]="431",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="The request\039s headers are larger than the gateway accepts\046"}
t["insufficient_quota"]={["code"]="insufficient_quota",["status"]="429",["openai"]="insufficient_quota",["anthropic"]="rate_limit_error",["message"]="\123\125"}
t["rate_limit_exceeded"]={["code"]="rate_limit_exceeded",["status"]="429",["openai"]="rate_limit_error",["anthropic"]="rate_limit_error",["message"]="\123\125"}
t["internal_error"]={["code"]="internal_error",["status"]="500",["openai"]="server_error",["anthropic"]="api_error",["message"]="The gateway failed\046 Send the request again\059 if it goes on\044 tell the gateway\039s administrators\046"}
t["provider_error"]={["code"]="provider_error",["status"]="502",["openai"]="server_error",["anthropic"]="api_error",["message"]="The provider answered with the status \123\125\046"}
t["provider_credentials"]={["code"]="provider_credentials",["status"]="502",["openai"]="server_error",["anthropic"]="api_error",["message"]="The provider refused the gateway\039s own credentials\046 Tell the gateway\039s administrators\046"}
t["gateway_unavailable"]={["code"]="gateway_unavailable",["status"]="503",["openai"]="server_error",["anthropic"]="api_error",["message"]="The gateway cannot serve this request just now\046 Send it again in a moment\046"}
t["quota_unavailable"]={["code"]="quota_unavailable",["status"]="503",["openai"]="server_error",["anthropic"]="api_error",["message"]="The gateway cannot check the quota of this request just now\046 Send it again in a moment\046\123\125"}
t["issuer_unavailable"]={["code"]="issuer_unavailable",["status"]="503",["openai"]="server_error",["anthropic"]="api_error",["message"]="The gateway cannot check access tokens just now\046 Send the request again in a moment\046"}
t["scanner_unavailable"]={["code"]="scanner_unavailable",["status"]="503",["openai"]="server_error",["anthropic"]="api_error",["message"]="Content rules hold for this model\044 and the gateway cannot check them just now\046 Send the request again in a moment\059 if it goes on\044 tell the gateway\039s administrators\046"}
t["gateway_timeout"]={["code"]="gateway_timeout",["status"]="504",["openai"]="server_error",["anthropic"]="timeout_error",["message"]="The provider did not answer in time\046"}
end)(REFUSALS)
local ANTHROPIC_TYPES = {}
;(function(t)
t["400"]="invalid_request_error"
t["401"]="authentication_error"
t["403"]="permission_error"
t["404"]="not_found_error"
t["408"]="timeout_error"
t["413"]="request_too_large"
t["429"]="rate_limit_error"
t["504"]="timeout_error"
t["529"]="overloaded_error"
end)(ANTHROPIC_TYPES)
local json = (function()
-- A strict JSON reader that builds nothing: it checks the whole text and hands out the top-level members.
-- In: a string. Out: a table key -> {first byte, last byte} of each top-level value, or an error {code, detail}.
-- The edge and Portkey must read a request alike, so what two parsers could read differently is refused: duplicate
-- keys, keys with escapes, invalid UTF-8, a byte order mark, anything outside RFC 8259.

local byte, char, sub, find, gsub, match = string.byte, string.char, string.sub, string.find, string.gsub, string.match
local floor = math.floor
local MAX_DEPTH = 100
local MAX_SHOWN = 128
local QUOTE, BACKSLASH, COMMA, COLON = 34, 92, 44, 58
local ESCAPES = { [34] = true, [92] = true, [47] = true, [98] = true, [102] = true, [110] = true, [114] = true, [116] = true }

local function fail(detail)
  error({ code = "malformed_json", detail = detail }, 0)
end

local function is_hex(b)
  return b ~= nil and ((b >= 48 and b <= 57) or (b >= 65 and b <= 70) or (b >= 97 and b <= 102))
end

local function is_digit(b)
  return b ~= nil and b >= 48 and b <= 57
end

local function is_tail(b, low)
  return b ~= nil and b >= (low or 128) and b <= 191
end

-- The position after a multi-byte UTF-8 character (RFC 3629, section 4).
local function after_character(s, i, b)
  local second = byte(s, i + 1)
  if b >= 194 and b <= 223 and is_tail(second) then
    return i + 2
  end
  if b >= 224 and b <= 239 then
    local ok = is_tail(second, b == 224 and 160 or 128) and not (b == 237 and second > 159)
    if ok and is_tail(byte(s, i + 2)) then
      return i + 3
    end
  elseif b >= 240 and b <= 244 then
    local ok = is_tail(second, b == 240 and 144 or 128) and not (b == 244 and second > 143)
    if ok and is_tail(byte(s, i + 2)) and is_tail(byte(s, i + 3)) then
      return i + 4
    end
  end
  return fail("it is not valid UTF-8")
end

local function after_escape(s, i)
  local b = byte(s, i + 1)
  if b == 117 then
    if is_hex(byte(s, i + 2)) and is_hex(byte(s, i + 3)) and is_hex(byte(s, i + 4)) and is_hex(byte(s, i + 5)) then
      return i + 6
    end
  elseif ESCAPES[b] then
    return i + 2
  end
  return fail("an escape in a string is not valid")
end

-- `i` is the position after the opening quote; the result is the one after the closing quote.
local function after_string(s, i)
  while true do
    local b = byte(s, i)
    if b == nil then
      fail("a string does not end")
    elseif b == QUOTE then
      return i + 1
    elseif b == BACKSLASH then
      i = after_escape(s, i)
    elseif b >= 128 then
      i = after_character(s, i, b)
    elseif b < 32 then
      fail("a string holds a control character")
    else
      i = i + 1
    end
  end
end

local function after_space(s, i)
  while true do
    local b = byte(s, i)
    if b ~= 32 and b ~= 10 and b ~= 13 and b ~= 9 then
      return i, b
    end
    i = i + 1
  end
end

local function after_digits(s, i)
  if not is_digit(byte(s, i)) then
    fail("a number is not valid")
  end
  repeat
    i = i + 1
  until not is_digit(byte(s, i))
  return i
end

local function after_number(s, i)
  if byte(s, i) == 45 then
    i = i + 1
  end
  if byte(s, i) == 48 then
    i = i + 1
  else
    i = after_digits(s, i)
  end
  if byte(s, i) == 46 then
    i = after_digits(s, i + 1)
  end
  local b = byte(s, i)
  if b == 69 or b == 101 then
    local sign = byte(s, i + 1)
    i = after_digits(s, (sign == 43 or sign == 45) and i + 2 or i + 1)
  end
  return i
end

local function after_word(s, i, word)
  if sub(s, i, i + #word - 1) ~= word then
    fail("a value is not valid")
  end
  return i + #word
end

local after_value

-- Goes through an object, `i` being the position after its brace; `found(key, first, last)` sees its members.
local function after_object(s, i, depth, found)
  local b
  i, b = after_space(s, i)
  if b == 125 then
    return i + 1
  end
  while true do
    if b ~= QUOTE then
      fail("a key is missing")
    end
    local key = i + 1
    i = after_string(s, key)
    local key_end = i - 2
    i, b = after_space(s, i)
    if b ~= COLON then
      fail("a colon is missing")
    end
    i, b = after_space(s, i + 1)
    local first = i
    i = after_value(s, i, b, depth)
    if found then
      found(sub(s, key, key_end), first, i - 1)
    end
    i, b = after_space(s, i)
    if b == 125 then
      return i + 1
    elseif b ~= COMMA then
      fail("a comma or a brace is missing")
    end
    i, b = after_space(s, i + 1)
  end
end

-- The same of an array; `found(first, last)` sees its elements.
local function after_array(s, i, depth, found)
  local b
  i, b = after_space(s, i)
  if b == 93 then
    return i + 1
  end
  while true do
    local first = i
    i = after_value(s, i, b, depth)
    if found then
      found(first, i - 1)
    end
    i, b = after_space(s, i)
    if b == 93 then
      return i + 1
    elseif b ~= COMMA then
      fail("a comma or a bracket is missing")
    end
    i, b = after_space(s, i + 1)
  end
end

function after_value(s, i, b, depth)
  if b == QUOTE then
    return after_string(s, i + 1)
  elseif b == 123 or b == 91 then
    if depth >= MAX_DEPTH then
      fail("it is nested too deeply")
    end
    if b == 123 then
      return after_object(s, i + 1, depth + 1)
    end
    return after_array(s, i + 1, depth + 1)
  elseif b == 116 then
    return after_word(s, i, "true")
  elseif b == 102 then
    return after_word(s, i, "false")
  elseif b == 110 then
    return after_word(s, i, "null")
  elseif b == 45 or is_digit(b) then
    return after_number(s, i)
  end
  return fail("a value is missing or not valid")
end

local quote

-- A text of unknown length as a JSON string literal that can be shown in a message.
local function shown(text)
  if #text <= MAX_SHOWN then
    return quote(text)
  end
  return quote(gsub(sub(text, 1, MAX_SHOWN), "[\128-\255]", "?") .. "...")
end

-- key -> {first, last} for the members of the object that `s` holds, `most` at most.
local function members(s, most)
  local found, count = {}, 0
  local i, b = after_space(s, 1)
  if b ~= 123 then
    fail("it does not begin with a brace")
  end
  i = after_object(s, i + 1, 1, function(key, first, last)
    if find(key, "\\", 1, true) then
      fail("a top-level key holds an escape")
    end
    if found[key] then
      error({ code = "duplicate_key", detail = shown(key) }, 0)
    end
    count = count + 1
    if count > most then
      fail("it has too many members")
    end
    found[key] = { first, last }
  end)
  i = after_space(s, i)
  if i <= #s then
    fail("something follows it")
  end
  return found
end

-- The elements of the array that `s` holds, each as its text.
local function elements(s)
  local found = {}
  local i, b = after_space(s, 1)
  if b == 91 then
    after_array(s, i + 1, 1, function(first, last)
      found[#found + 1] = sub(s, first, last)
    end)
  end
  return found
end

local function utf8(code)
  local low, middle, high = 0x80 + code % 64, 0x80 + floor(code / 64) % 64, 0x80 + floor(code / 4096) % 64
  if code < 0x80 then
    return char(code)
  elseif code < 0x800 then
    return char(0xC0 + floor(code / 64), low)
  elseif code < 0x10000 then
    return char(0xE0 + floor(code / 4096), middle, low)
  end
  return char(0xF0 + floor(code / 262144), high, middle, low)
end

local SHORT = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

-- The value of a string, given with its quotes. Half a surrogate pair becomes U+FFFD.
local function text(raw)
  local parts, i, last = {}, 2, #raw - 1
  while true do
    local at = find(raw, "\\", i, true)
    if not at then
      parts[#parts + 1] = sub(raw, i, last)
      return table.concat(parts)
    end
    parts[#parts + 1] = sub(raw, i, at - 1)
    local kind = sub(raw, at + 1, at + 1)
    if kind == "u" then
      local code = tonumber(sub(raw, at + 2, at + 5), 16)
      i = at + 6
      local low = code >= 0xD800 and code <= 0xDBFF and match(raw, "^\\u([dD][c-fC-F]%x%x)", i)
      if low then
        code = 0x10000 + (code - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00
        i = i + 6
      elseif code >= 0xD800 and code <= 0xDFFF then
        code = 0xFFFD
      end
      parts[#parts + 1] = utf8(code)
    else
      parts[#parts + 1] = SHORT[kind] or kind
      i = at + 2
    end
  end
end

local QUOTED = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n" }

-- A JSON string literal.
function quote(value)
  local escaped = gsub(value, '[%c"\\]', function(c)
    return QUOTED[c] or string.format("\\u%04x", byte(c))
  end)
  return '"' .. escaped .. '"'
end

return { members = members, elements = elements, text = text, quote = quote, shown = shown }

end)()
local refusal = (function()
-- Refusals in the shape of the path: Anthropic's on its paths, OpenAI's elsewhere. In: a code of REFUSALS. Out: a body.

local function is_anthropic(path, version)
  return path:sub(1, 12) == "/v1/messages" or (version ~= nil and path:sub(1, 10) == "/v1/models")
end

local function body(anthropic, refusal, message)
  if anthropic then
    return '{"type":"error","error":{"type":' .. json.quote(refusal.anthropic) .. ',"message":' .. json.quote(message) .. "}}"
  end
  return '{"error":{"message":' .. json.quote(message) .. ',"type":' .. json.quote(refusal.openai)
    .. ',"param":null,"code":' .. (refusal.code and json.quote(refusal.code) or "null") .. "}}"
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

end)()
local models = (function()
-- GET /v1/models and /v1/models/{id}: what the calling team may use, in OpenAI's or, asked so, in Anthropic's shape.

local function entry(alias, anthropic)
  if anthropic then
    return '{"type":"model","id":' .. json.quote(alias) .. ',"display_name":' .. json.quote(alias) .. ',"created_at":"1970-01-01T00:00:00Z"}'
  end
  return '{"id":' .. json.quote(alias) .. ',"object":"model","created":0,"owned_by":"gateway"}'
end

local function list(aliases, anthropic, query)
  local entries = {}
  for i, alias in ipairs(aliases) do
    entries[i] = entry(alias, anthropic)
  end
  local data = '"data":[' .. table.concat(entries, ",") .. "]"
  if anthropic then
    local first = aliases[1] and json.quote(aliases[1]) or "null"
    local last = aliases[1] and json.quote(aliases[#aliases]) or "null"
    return "{" .. data .. ',"has_more":false,"first_id":' .. first .. ',"last_id":' .. last .. "}"
  end
  -- Codex asks with its version, expects a list of its own and complains when there is none.
  local for_codex = query and query:find("client_version=", 1, true) and ',"models":[]' or ""
  return '{"object":"list",' .. data .. for_codex .. "}"
end

local function unescaped(text)
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

local function answer(handle, team, path, query)
  local anthropic = handle:headers():get("anthropic-version") ~= nil
  local profile = PROFILES[TEAMS[team]]
  if path == "/v1/models" then
    local aliases = {}
    for alias, apis in pairs(profile) do
      if next(apis) then
        aliases[#aliases + 1] = alias
      end
    end
    table.sort(aliases)
    return { status = "200", body = list(aliases, anthropic, query) }
  end
  local wanted = unescaped(path:sub(#"/v1/models/" + 1))
  if not profile[wanted] or not next(profile[wanted]) then
    error({ code = "model_not_found", detail = "of this path" }, 0)
  end
  return { status = "200", body = entry(wanted, anthropic) }
end

return { answer = answer }

end)()
local outside = (function()
-- Whether a request may make the provider read more than the request's own bytes: a file or a page by its name, an
-- earlier conversation, a tool that the provider runs itself, a document that is packed. Such a request has no bound
-- by its size. In: a body that json.lua has checked, and its members. Out: true or false,
-- and how many images there are: of a small one a provider may make many more tokens than it has bytes.
-- Everything that is not known to be harmless counts, and a name is known only as it is usually written: an escape in
-- it, which a provider would undo, makes it unknown. What a tool takes or says is data to the provider and not looked at.

local byte, find, sub = string.byte, string.find, string.sub
local QUOTE, BACKSLASH, OPEN_BRACE, OPEN_BRACKET, NULL = 34, 92, 123, 91, 110

-- A rule takes the text and the position of a value; it returns the position after it, or nil: it may be outside.

local function after_space(s, i)
  local b = byte(s, i)
  while b == 32 or b == 10 or b == 13 or b == 9 do
    i = i + 1
    b = byte(s, i)
  end
  return i
end

-- The next quote ends the string unless an odd number of backslashes stands before it.
local function after_string(s, first)
  local i = first
  while true do
    i = find(s, '"', i + 1, true)
    local before = i - 1
    while before > first and byte(s, before) == BACKSLASH do
      before = before - 1
    end
    if (i - before) % 2 == 1 then
      return i + 1
    end
  end
end

local function any(s, i)
  local b = byte(s, i)
  if b == QUOTE then
    return after_string(s, i)
  elseif b ~= OPEN_BRACE and b ~= OPEN_BRACKET then
    return find(s, "[,%]} \n\r\t]", i) or #s + 1
  end
  local depth = 0
  repeat
    if b == QUOTE then
      i = after_string(s, i)
    else
      if b == OPEN_BRACE or b == OPEN_BRACKET then
        depth = depth + 1
      elseif b == 125 or b == 93 then
        depth = depth - 1
      end
      i = i + 1
    end
    b = byte(s, i)
  until depth == 0
  return i
end

local function null(s, i)
  return byte(s, i) == NULL and i + 4 or nil
end

local function scalar(s, i)
  local b = byte(s, i)
  if b ~= OPEN_BRACE and b ~= OPEN_BRACKET then
    return any(s, i)
  end
end

local function word(...)
  local known = {}
  for _, each in ipairs({ ... }) do
    known[each] = true
  end
  return function(s, i)
    if byte(s, i) == QUOTE then
      local after = after_string(s, i)
      return known[sub(s, i + 1, after - 2)] and after
    end
  end
end

local function beginning_with(prefix)
  return function(s, i)
    if sub(s, i + 1, i + #prefix) == prefix then
      return any(s, i)
    end
  end
end

local function list(rule)
  return function(s, i)
    if byte(s, i) ~= OPEN_BRACKET then
      return nil
    end
    i = after_space(s, i + 1)
    if byte(s, i) == 93 then
      return i + 1
    end
    while true do
      i = rule(s, i)
      if not i then
        return nil
      end
      i = after_space(s, i)
      if byte(s, i) == 93 then
        return i + 1
      end
      i = after_space(s, i + 1)
    end
  end
end

-- `complete(has)`, if given, says whether the object is harmless, knowing the first bytes of its values.
local function object(rules, complete)
  return function(s, i)
    if byte(s, i) ~= OPEN_BRACE then
      return nil
    end
    local has = {}
    i = after_space(s, i + 1)
    while byte(s, i) ~= 125 do
      local key_end = after_string(s, i)
      local key = sub(s, i + 1, key_end - 2)
      i = after_space(s, after_space(s, key_end) + 1)
      has[key] = sub(s, i, i + 10)
      i = (byte(s, i) == NULL and null or rules[key] or null)(s, i)
      if not i then
        return nil
      end
      i = after_space(s, i)
      if byte(s, i) == 44 then
        i = after_space(s, i + 1)
      end
    end
    if complete and not complete(has) then
      return nil
    end
    return i + 1
  end
end

local function by_kind(rules)
  return function(s, i)
    local b = byte(s, i)
    local rule = b == QUOTE and rules.string or b == OPEN_BRACE and rules.object or b == OPEN_BRACKET and rules.list
    return (rule or null)(s, i)
  end
end

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

end)()
local reserve = (function()
-- What is told about a request. In: the request as read, and the tables QUOTAS POLICY. Out: two headers.
-- x-gw-note goes to Portkey with every request: what the agent needs to meter it if this edge dies before it has written a
-- line. Portkey hands it on to nobody.
-- x-gw-reserve is what the agent must know to reserve quota. The filter after this one asks the agent; it ends at the edge.

local MAX_TIER = 32
local CAPS = { "max_tokens", "max_completion_tokens", "max_output_tokens" }

-- This process, by which the agent knows whether the edge is dead; 0: not known.
local has_ffi, ffi = pcall(require, "ffi")
if has_ffi then
  ffi.cdef("int getpid(void);")
end
local EDGE = has_ffi and ffi.C.getpid() or 0

local function is_covered(asked)
  local team = "team:" .. asked.team
  return QUOTAS.gateway or QUOTAS[team] or QUOTAS[team .. "/model:" .. asked.model] or QUOTAS["client:" .. asked.client]
end

local function whole(number)
  return string.format("%.0f", number)
end

local function cap_of(request)
  local cap
  for _, key in ipairs(CAPS) do
    if request[key] and (not cap or request[key] > cap) then
      cap = request[key]
    end
  end
  return cap and whole(cap) or "null"
end

-- Anthropic sells a faster mode as `speed`; whoever asks for both pays the dearer one at most.
local function tier_of(request)
  local tier = request.speed == "fast" and "fast" or request.service_tier
  if tier and #tier <= MAX_TIER and tier:find("^[%l_]+$") then
    return json.quote(tier)
  end
  return "null"
end

-- `asked` has what was found out: id client team model api variant anthropic skipped; `body` has raw, members, request.
local function told(asked, body)
  local request = body.request
  return table.concat({
    '{"id":', json.quote(asked.id),
    ',"client":', json.quote(asked.client),
    ',"team":', json.quote(asked.team),
    ',"model":', json.quote(asked.model),
    ',"api":', json.quote(asked.api),
    ',"variant":', json.quote(asked.variant),
    ',"policy":', json.quote(POLICY),
    ',"stream":', tostring(request.stream),
    ',"bytes":', whole(#body.raw),
    ',"cap":', cap_of(request),
    ',"n":', whole(math.max(request.n or 1, 1)),
  })
end

-- Both headers; the second is nil without a quota.
local function headers(asked, body, under_quota)
  local common = told(asked, body)
  local skipped = asked.skipped and ',"skipped":' .. json.quote(asked.skipped) or ""
  local note = common .. skipped .. ',"edge":' .. EDGE .. "}"
  if not under_quota then
    return note
  end
  local is_outside, images = outside(body.raw, body.members)
  return note, table.concat({
    common,
    ',"tier":', tier_of(body.request),
    ',"outside":', tostring(is_outside),
    ',"images":', whole(images),
    ',"shape":', asked.anthropic and '"anthropic"' or '"openai"',
    "}",
  })
end

return { is_covered = is_covered, headers = headers }

end)()
local policy = (function()
-- The decision about a request: client -> team -> profile -> alias -> API -> variant.
-- In: Envoy's stream handle, and the tables POLICY SCOPE CLIENTS CLIENTS_OFF TEAMS TEAMS_OFF PROFILES VARIANTS PATHS
-- FIELDS CLUSTER QUOTAS RESERVE SCANNED.
-- Out: the headers x-portkey-config, x-gw-route, which names the cluster, x-gw-note, and under a quota x-gw-reserve; or
-- an error {code, detail}. Either way `noted` holds what was found out: usage log, later filters and answer need it.
-- Without x-gw-route the router knows no cluster, so whatever fails here fails closed.

local MAX_TEXT = 128 -- of a text in the usage log
local MAX_MEMBERS = 1000 -- of a body: no API has a tenth
local MAX_COUNT = 9007199254740991 -- 2^53 - 1: what every parser holds exactly

local function fail(code, detail)
  error({ code = code, detail = detail }, 0)
end

local function path_of(handle)
  local path = handle:headers():get(":path") or ""
  return path:match("^[^?#]*"), path:match("%?(.*)")
end

local function check_method(handle, method)
  if handle:headers():get(":method") ~= method then
    fail("method_not_allowed", method)
  end
end

-- The client's id and team.
local function identify(handle, noted)
  local jwt = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.jwt_authn") or {}
  local header, claims = jwt.header or {}, jwt.claims or {}
  if header.alg ~= "RS256" then
    fail("invalid_token", "it is not signed with RS256.")
  end
  if claims.token_use ~= "access" then
    fail("invalid_token", "it is not an access token.")
  end
  local scope = type(claims.scope) == "string" and claims.scope or ""
  if not (" " .. scope .. " "):find(" " .. SCOPE .. " ", 1, true) then
    fail("insufficient_scope", SCOPE)
  end
  local client = claims.client_id
  local team = type(client) == "string" and CLIENTS[client]
  if not team then
    fail("unknown_client")
  end
  noted.team = team
  if CLIENTS_OFF[client] then
    fail("client_disabled")
  end
  if TEAMS_OFF[team] then
    fail("team_disabled")
  end
  return team, client
end

local function check_type(handle)
  local headers = handle:headers()
  local kind = (headers:get("content-type") or ""):lower():match("^[^;]*"):match("^%s*(.-)%s*$")
  if kind ~= "application/json" or headers:get("content-encoding") then
    fail("unsupported_media_type")
  end
end

local function value_of(key, kind, raw)
  if raw == "null" then
    return nil
  end
  local first = raw:byte()
  if kind == "string" then
    if first == 34 then
      return json.text(raw)
    end
    fail("invalid_value", key .. " must be a string.")
  elseif kind == "boolean" then
    if raw == "true" or raw == "false" then
      return raw == "true"
    end
    fail("invalid_value", key .. " must be true or false.")
  end
  local number = first ~= 34 and tonumber(raw)
  if not number or number < 0 or number > MAX_COUNT or number % 1 ~= 0 then
    fail("invalid_value", key .. " must be a whole number.")
  end
  return number
end

-- The body: its bytes, where its members are, and those of them that the edge reads.
local function read_body(handle)
  local body = handle:body(true)
  local length = body and body:length() or 0
  if length == 0 then
    fail("malformed_json", "it is empty.")
  end
  local raw = body:getBytes(0, length)
  local members, request = json.members(raw, MAX_MEMBERS), {}
  for key, kind in pairs(FIELDS) do
    local at = members[key]
    if at then
      request[key] = value_of(key, kind, raw:sub(at[1], at[2]))
    end
  end
  return { raw = raw, members = members, request = request }
end

-- What the usage log may know of a request.
local function loggable(request)
  local values = {}
  for key, value in pairs(request) do
    if type(value) ~= "string" or #value <= MAX_TEXT then
      values[key] = value
    end
  end
  return values
end

-- "POST /v1/messages, POST /v1/responses"
local function paths_for(apis)
  local paths = {}
  for path, api in pairs(PATHS) do
    if apis[api] then
      paths[#paths + 1] = path
    end
  end
  table.sort(paths)
  return table.concat(paths, ", ")
end

local function choose(team, api, request)
  local model = request.model
  if not model then
    fail("invalid_value", "model is missing.")
  end
  local name = json.shown(model)
  local apis = PROFILES[TEAMS[team]][model]
  if not apis then
    fail("model_not_found", name)
  end
  local variant = apis[api]
  if not variant then
    if not next(apis) then
      fail("api_not_supported", "No target of the model " .. name .. " can serve any path.")
    end
    fail("api_not_supported", "The model " .. name .. " cannot be called on this path; it can on: " .. paths_for(apis) .. ".")
  end
  local flags = VARIANTS[variant]
  if flags.closed then
    fail("scanner_unavailable")
  elseif flags.scanned and not SCANNED[api] then
    fail("api_not_scannable", name)
  elseif flags.no_stream and request.stream then
    fail("stream_not_scannable", name)
  end
  return variant, flags
end

-- Provider -> the members that its credentials are, parsed anew only when they change.
local credentials_text, credentials = nil, {}

local function read_credentials(handle)
  local text = handle:headers():get("x-gw-credentials")
  if text ~= credentials_text then
    local parsed = {}
    for name, at in pairs(json.members(text or "{}", math.huge)) do
      parsed[name] = text:sub(at[1] + 1, at[2] - 1)
    end
    credentials_text, credentials = text, parsed
  end
end

-- Literals and names of credentials take turns in `template`.
local function fill_in(template)
  local parts = {}
  for i, part in ipairs(template) do
    parts[i] = i % 2 == 1 and part or credentials[part] or fail("gateway_unavailable")
  end
  return table.concat(parts)
end

local function is_under_quota(asked)
  local covered = reserve.is_covered(asked)
  if covered and not RESERVE then
    fail("quota_unavailable")
  end
  return covered
end

-- Sends the request on its way: the route, and what Portkey is to do.
local function forward(handle, api, flags, request, note, reservation)
  read_credentials(handle)
  local config = fill_in(api == "chat" and request.stream and flags.stream_config or flags.config)
  local headers = handle:headers()
  headers:replace(":path", (path_of(handle)))
  headers:replace("content-type", "application/json")
  headers:replace("x-portkey-config", config)
  if not request.stream then
    headers:replace("x-envoy-upstream-rq-timeout-ms", flags.timeout)
  end
  headers:replace("x-gw-route", CLUSTER)
  headers:replace("x-gw-note", note)
  if reservation then
    headers:replace("x-gw-reserve", reservation)
  end
  handle:clearRouteCache()
end

local function decide(handle, noted)
  local path, query = path_of(handle)
  local api = PATHS[path]
  noted.policy, noted.api = POLICY, api
  local team, client = identify(handle, noted)
  if path == "/v1/models" or path:sub(1, 11) == "/v1/models/" then
    check_method(handle, "GET")
    return models.answer(handle, team, path, query)
  elseif not api then
    fail("not_found")
  end
  check_method(handle, "POST")
  check_type(handle)
  local body = read_body(handle)
  local request = body.request
  request.stream = request.stream or false
  noted.request = loggable(request)
  if request.background then
    fail("invalid_value", "background must not be true: the gateway serves no background answers.")
  end
  local variant, flags = choose(team, api, request)
  noted.variant, noted.skipped, noted.scanned = variant, flags.skipped, flags.scanned
  local headers = handle:headers()
  local asked = {
    id = headers:get("x-request-id") or "",
    client = client,
    team = team,
    model = request.model,
    api = api,
    variant = variant,
    anthropic = refusal.is_anthropic(path),
    skipped = flags.skipped,
  }
  noted.quota = is_under_quota(asked)
  forward(handle, api, flags, request, reserve.headers(asked, body, noted.quota))
end

return { decide = decide }

end)()
local answer = (function()
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

-- Portkey's word for an answer that it cannot read; it repeats the answer.
local UNREADABLE = "^Invalid response received from "

-- What a provider says of an error, without Portkey's `<provider> error: ` before it; nil if it says nothing.
local function message_of(problem)
  local message = problem and string_member(problem, "message")
  message = message and message:gsub("^[%w-]+ error: ", "", 1)
  if message and message ~= "" and message ~= "null" and not message:find(UNREADABLE) then
    return message
  end
end

local function type_of(problem)
  local kind = problem and string_member(problem, "type")
  return kind and kind:find("^[%l_]+$") and kind
end

-- Portkey says every error in OpenAI's shape, or in none.
local function shape_error(handle, anthropic, status)
  local body, raw = body_of(handle)
  local problem = member(raw, "error")
  local fault = status < "500" and "client" or "server"
  local _, text = refusal.of("provider_error", status)
  local shaped = {
    openai = type_of(problem) or (fault == "client" and "invalid_request_error" or "server_error"),
    anthropic = ANTHROPIC_TYPES[status] or (fault == "client" and "invalid_request_error" or "api_error"),
    code = problem and string_member(problem, "code"),
  }
  replace(handle, body, refusal.body(anthropic, shaped, message_of(problem) or text))
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
    if BY_STATUS[status] then
      log_refusal(handle, BY_STATUS[status])
    elseif status == "503" then
      headers:remove("www-authenticate") -- there when tokens could not be checked
    end
    if policy.quota then
      complete_quota_refusal(handle, headers)
    end
    return
  end
  local anthropic = policy.api == "messages" or policy.api == "count_tokens"
  local is_json = (headers:get("content-type") or ""):find("^application/json")
  if status == "446" then
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
  elseif status == "401" or status == "403" then
    replace_by_refusal(handle, handle:body(true), anthropic, "provider_credentials")
  elseif status >= "400" then
    shape_error(handle, anthropic, status)
  else
    if status == "246" then
      headers:replace(":status", "200")
    end
    if policy.scanned and is_json then
      local body, raw = body_of(handle)
      local at = json.members(raw, math.huge).hook_results
      log_rules(handle, guardrails_in(at and raw:sub(at[1], at[2])))
      replace(handle, body, at and without(raw, at) or raw)
    end
  end
end

-- When the answer cannot be completed, the client must not see it as it is.
local function withhold(handle)
  local policy = decision_of(handle)
  replace_by_refusal(handle, handle:body(true), policy.api == "messages" or policy.api == "count_tokens", "internal_error")
end

return { complete = complete, withhold = withhold }

end)()
-- Envoy's entry points. Envoy lets a request go on when a script raises, so nothing may raise out of here.

local function refuse(handle, noted, problem, anthropic)
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
  handle:respond(headers, refusal.body(anthropic, refused, message))
end

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
