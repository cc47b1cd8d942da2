-- Generated; do not edit. GWCTL_UPDATE_GOLDEN=1 .venv/bin/python -m pytest tests/unit/edge/test_golden.py
local POLICY = "1\0469aa59b4e"
local SCOPE = "gateway/invoke"
local READ = "gateway/read"
local ADMIN = "gateway/admin"
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
local CLIENT_PROFILES = {}
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
t["checked\12652999725"]={["treated"]={["chat"]="chat known openai",["responses"]="responses known openai",["embeddings"]="embeddings known openai"},["config"]={"\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\044\034strict_open_ai_compliance\034\058true\044\034input_guardrails\034\058\091\123\034id\034\058\034patterns\034\044\034default\046webhook\034\058\123\034webhookURL\034\058\034http\058//127\0460\0460\0461\0588788/\034\044\034headers\034\058\123\034x-gw-rules\034\058\034\091\091\092\034cards\092\034\044\092\034\092\092\092\092b\092\092\092\092d\12316\125\092\092\092\092b\092\034\044\092\034\091redacted\093\092\034\093\044\091\092\034names\092\034\044\092\034Project \092\092\092\034X\092\092\092\034\092\034\044null\093\093\034\125\044\034timeout\034\0585000\044\034failOnError\034\058true\125\044\034deny\034\058true\125\093\044\034output_guardrails\034\058\091\123\034id\034\058\034patterns\034\044\034default\046webhook\034\058\123\034webhookURL\034\058\034http\058//127\0460\0460\0461\0588788/\034\044\034headers\034\058\123\034x-gw-rules\034\058\034\091\091\092\034names\092\034\044\092\034Project \092\092\092\034X\092\092\092\034\092\034\044null\093\093\034\125\044\034timeout\034\0585000\044\034failOnError\034\058true\125\044\034deny\034\058true\125\093\125"},["timeout"]="602000",["stream_config"]={"\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\044\034stream_options\034\058\123\034include_usage\034\058true\125\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\044\034strict_open_ai_compliance\034\058true\044\034input_guardrails\034\058\091\123\034id\034\058\034patterns\034\044\034default\046webhook\034\058\123\034webhookURL\034\058\034http\058//127\0460\0460\0461\0588788/\034\044\034headers\034\058\123\034x-gw-rules\034\058\034\091\091\092\034cards\092\034\044\092\034\092\092\092\092b\092\092\092\092d\12316\125\092\092\092\092b\092\034\044\092\034\091redacted\093\092\034\093\044\091\092\034names\092\034\044\092\034Project \092\092\092\034X\092\092\092\034\092\034\044null\093\093\034\125\044\034timeout\034\0585000\044\034failOnError\034\058true\125\044\034deny\034\058true\125\093\044\034output_guardrails\034\058\091\123\034id\034\058\034patterns\034\044\034default\046webhook\034\058\123\034webhookURL\034\058\034http\058//127\0460\0460\0461\0588788/\034\044\034headers\034\058\123\034x-gw-rules\034\058\034\091\091\092\034names\092\034\044\092\034Project \092\092\092\034X\092\092\092\034\092\034\044null\093\093\034\125\044\034timeout\034\0585000\044\034failOnError\034\058true\125\044\034deny\034\058true\125\093\125"},["scanned"]=true,["no_stream"]=true}
t["claude\12626e33625"]={["treated"]={["messages"]="messages known anthropic bedrock-claude",["count_tokens"]="count_tokens known anthropic bedrock-claude"},["config"]={"\123\034strategy\034\058\123\034mode\034\058\034loadbalance\034\125\044\034targets\034\058\091\123\034provider\034\058\034anthropic\034\044","anthropic","\044\034override_params\034\058\123\034model\034\058\034claude-sonnet-4-5\034","\035cap 64000","\125\044\034request_timeout\034\058600000\044\034retry\034\058\123\034attempts\034\0581\044\034on_status_codes\034\058\091529\093\125\044\034forward_headers\034\058\091\034anthropic-beta\034\044\034anthropic-version\034\093\044\034weight\034\0583\125\044\123\034provider\034\058\034bedrock\034\044","bedrock-eu","\044\034override_params\034\058\123\034model\034\058\034eu\046anthropic\046claude-sonnet-4-5-20250929-v1\0580\034\125\044\034request_timeout\034\058600000\044\034retry\034\058\123\034attempts\034\0581\044\034on_status_codes\034\058\091529\093\125\044\034aws_region\034\058\034eu-central-1\034\044\034weight\034\0581\125\093\044\034strict_open_ai_compliance\034\058true\125"},["timeout"]="1203000",["capped"]=true}
t["claude\1262d80fcb5"]={["treated"]={["responses"]="responses whole openai",["embeddings"]="embeddings whole openai"},["config"]={"\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\044\034strict_open_ai_compliance\034\058true\125"},["timeout"]="602000",["express"]={["responses"]={["steps"]={{{["provider"]="openai",["host"]="api\046openai\046com",["path"]="/v1/responses",["model"]="\034gpt-4o-mini\034",["header"]="authorization",["prefix"]="Bearer ",["option"]="config",["weight"]=1,["times"]=1}}},["statuses"]="",["timeout"]="600000"},["embeddings"]={["steps"]={{{["provider"]="openai",["host"]="api\046openai\046com",["path"]="/v1/embeddings",["model"]="\034gpt-4o-mini\034",["header"]="authorization",["prefix"]="Bearer ",["option"]="config",["weight"]=1,["times"]=1}}},["statuses"]="",["timeout"]="600000"}}}
t["claude\126781b6718"]={["treated"]={["chat"]="chat known openai anthropic bedrock-claude"},["config"]={"\123\034strategy\034\058\123\034mode\034\058\034fallback\034\044\034on_status_codes\034\058\091408\044429\044500\044502\044503\044504\044529\093\125\044\034targets\034\058\091\123\034strategy\034\058\123\034mode\034\058\034loadbalance\034\125\044\034targets\034\058\091\123\034provider\034\058\034anthropic\034\044","anthropic","\044\034override_params\034\058\123\034model\034\058\034claude-sonnet-4-5\034","\035cap 64000","\125\044\034request_timeout\034\058600000\044\034retry\034\058\123\034attempts\034\0581\044\034on_status_codes\034\058\091529\093\125\044\034forward_headers\034\058\091\034anthropic-beta\034\044\034anthropic-version\034\093\044\034weight\034\0583\125\044\123\034provider\034\058\034bedrock\034\044","bedrock-eu","\044\034override_params\034\058\123\034model\034\058\034eu\046anthropic\046claude-sonnet-4-5-20250929-v1\0580\034\125\044\034request_timeout\034\058600000\044\034retry\034\058\123\034attempts\034\0581\044\034on_status_codes\034\058\091529\093\125\044\034aws_region\034\058\034eu-central-1\034\044\034weight\034\0581\125\093\125\044\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\125\093\044\034strict_open_ai_compliance\034\058true\125"},["timeout"]="1803000",["stream_config"]={"\123\034strategy\034\058\123\034mode\034\058\034fallback\034\044\034on_status_codes\034\058\091408\044429\044500\044502\044503\044504\044529\093\125\044\034targets\034\058\091\123\034strategy\034\058\123\034mode\034\058\034loadbalance\034\125\044\034targets\034\058\091\123\034provider\034\058\034anthropic\034\044","anthropic","\044\034override_params\034\058\123\034model\034\058\034claude-sonnet-4-5\034","\035cap 64000","\125\044\034request_timeout\034\058600000\044\034retry\034\058\123\034attempts\034\0581\044\034on_status_codes\034\058\091529\093\125\044\034forward_headers\034\058\091\034anthropic-beta\034\044\034anthropic-version\034\093\044\034weight\034\0583\125\044\123\034provider\034\058\034bedrock\034\044","bedrock-eu","\044\034override_params\034\058\123\034model\034\058\034eu\046anthropic\046claude-sonnet-4-5-20250929-v1\0580\034\125\044\034request_timeout\034\058600000\044\034retry\034\058\123\034attempts\034\0581\044\034on_status_codes\034\058\091529\093\125\044\034aws_region\034\058\034eu-central-1\034\044\034weight\034\0581\125\093\125\044\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\125\093\044\034strict_open_ai_compliance\034\058true\044\034override_params\034\058\123\034stream_options\034\058\123\034include_usage\034\058true\125\125\125"},["capped"]=true}
t["fast\1262d80fcb5"]={["treated"]={["chat"]="chat whole openai",["responses"]="responses whole openai",["embeddings"]="embeddings whole openai"},["config"]={"\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\044\034strict_open_ai_compliance\034\058true\125"},["timeout"]="602000",["stream_config"]={"\123\034provider\034\058\034openai\034\044","openai","\044\034override_params\034\058\123\034model\034\058\034gpt-4o-mini\034\044\034stream_options\034\058\123\034include_usage\034\058true\125\125\044\034request_timeout\034\058600000\044\034forward_headers\034\058\091\034openai-beta\034\093\044\034strict_open_ai_compliance\034\058true\125"},["express"]={["chat"]={["steps"]={{{["provider"]="openai",["host"]="api\046openai\046com",["path"]="/v1/chat/completions",["model"]="\034gpt-4o-mini\034",["header"]="authorization",["prefix"]="Bearer ",["option"]="config",["weight"]=1,["times"]=1}}},["statuses"]="",["timeout"]="600000"},["responses"]={["steps"]={{{["provider"]="openai",["host"]="api\046openai\046com",["path"]="/v1/responses",["model"]="\034gpt-4o-mini\034",["header"]="authorization",["prefix"]="Bearer ",["option"]="config",["weight"]=1,["times"]=1}}},["statuses"]="",["timeout"]="600000"},["embeddings"]={["steps"]={{{["provider"]="openai",["host"]="api\046openai\046com",["path"]="/v1/embeddings",["model"]="\034gpt-4o-mini\034",["header"]="authorization",["prefix"]="Bearer ",["option"]="config",["weight"]=1,["times"]=1}}},["statuses"]="",["timeout"]="600000"}}}
end)(VARIANTS)
local TREATED = {}
;(function(t)
t["chat known openai"]={["by_name"]={["audio"]="p",["cache_control"]="d",["frequency_penalty"]="p",["function_call"]="p",["functions"]="p",["logit_bias"]="p",["logprobs"]="p",["max_completion_tokens"]="p",["max_tokens"]="p",["messages"]="p",["metadata"]="p",["modalities"]="p",["model"]="p",["n"]="p",["parallel_tool_calls"]="p",["prediction"]="p",["presence_penalty"]="p",["prompt_cache_key"]="p",["prompt_cache_retention"]="d",["reasoning_effort"]="p",["response_format"]="p",["safety_identifier"]="p",["seed"]="p",["service_tier"]="p",["stop"]="p",["store"]="p",["stream"]="p",["stream_options"]="p",["temperature"]="p",["thinking"]="r",["tool_choice"]="p",["tools"]="p",["top_k"]="r",["top_logprobs"]="p",["top_p"]="p",["user"]="p",["verbosity"]="p",["web_search_options"]="p",["additional_model_request_fields"]="r",["anthropic_beta"]="r",["anthropic_version"]="r",["guardrail_config"]="r",["image_config"]="r",["labels"]="r",["performance_config"]="r",["safety_settings"]="r"},["others"]="r",["translated"]=false}
t["chat known openai anthropic bedrock-claude"]={["by_name"]={["audio"]="r",["cache_control"]="d",["frequency_penalty"]="r",["function_call"]="r",["functions"]="r",["logit_bias"]="r",["logprobs"]="r",["max_completion_tokens"]="p",["max_tokens"]="p",["messages"]="p",["metadata"]="d",["modalities"]="r",["model"]="p",["n"]="r",["parallel_tool_calls"]="r",["prediction"]="d",["presence_penalty"]="r",["prompt_cache_key"]="d",["prompt_cache_retention"]="d",["reasoning_effort"]="d",["response_format"]="r",["safety_identifier"]="d",["seed"]="d",["service_tier"]="d",["stop"]="p",["store"]="d",["stream"]="p",["stream_options"]="p",["temperature"]="p",["thinking"]="r",["tool_choice"]="p",["tools"]="p",["top_k"]="r",["top_logprobs"]="r",["top_p"]="p",["user"]="p",["verbosity"]="d",["web_search_options"]="r",["additional_model_request_fields"]="r",["anthropic_beta"]="r",["anthropic_version"]="r",["guardrail_config"]="r",["image_config"]="r",["labels"]="r",["performance_config"]="r",["safety_settings"]="r"},["others"]="r",["translated"]=true}
t["chat whole openai"]={["by_name"]={["audio"]="p",["cache_control"]="h",["frequency_penalty"]="p",["function_call"]="p",["functions"]="p",["logit_bias"]="p",["logprobs"]="p",["max_completion_tokens"]="p",["max_tokens"]="p",["messages"]="p",["metadata"]="p",["modalities"]="p",["model"]="p",["n"]="p",["parallel_tool_calls"]="p",["prediction"]="p",["presence_penalty"]="p",["prompt_cache_key"]="p",["prompt_cache_retention"]="h",["reasoning_effort"]="p",["response_format"]="p",["safety_identifier"]="p",["seed"]="p",["service_tier"]="p",["stop"]="p",["store"]="p",["stream"]="p",["stream_options"]="p",["temperature"]="p",["thinking"]="h",["tool_choice"]="p",["tools"]="p",["top_k"]="h",["top_logprobs"]="p",["top_p"]="p",["user"]="p",["verbosity"]="p",["web_search_options"]="p",["additional_model_request_fields"]="h",["anthropic_beta"]="h",["anthropic_version"]="h",["guardrail_config"]="h",["image_config"]="h",["labels"]="h",["performance_config"]="h",["safety_settings"]="h"},["others"]="h",["translated"]=false}
t["count_tokens known anthropic bedrock-claude"]={["by_name"]={["cache_control"]="d",["container"]="d",["context_management"]="d",["inference_geo"]="d",["max_tokens"]="p",["mcp_servers"]="d",["messages"]="p",["metadata"]="p",["model"]="p",["output_config"]="d",["output_format"]="d",["service_tier"]="d",["speed"]="d",["stop_sequences"]="p",["stream"]="p",["system"]="p",["temperature"]="p",["thinking"]="p",["tool_choice"]="p",["tools"]="p",["top_k"]="p",["top_p"]="p",["additional_model_request_fields"]="d",["anthropic_beta"]="d",["anthropic_version"]="d",["performance_config"]="d"},["others"]="d",["translated"]=true}
t["embeddings known openai"]={["by_name"]={["dimensions"]="p",["encoding_format"]="p",["input"]="p",["model"]="p",["user"]="p",["input_type"]="r",["normalize"]="r",["parameters"]="r",["truncate"]="r"},["others"]="r",["translated"]=false}
t["embeddings whole openai"]={["by_name"]={["dimensions"]="p",["encoding_format"]="p",["input"]="p",["model"]="p",["user"]="p",["input_type"]="h",["normalize"]="h",["parameters"]="h",["truncate"]="h"},["others"]="h",["translated"]=false}
t["messages known anthropic bedrock-claude"]={["by_name"]={["cache_control"]="d",["container"]="r",["context_management"]="d",["inference_geo"]="r",["max_tokens"]="p",["mcp_servers"]="r",["messages"]="p",["metadata"]="p",["model"]="p",["output_config"]="d",["output_format"]="r",["service_tier"]="d",["speed"]="d",["stop_sequences"]="p",["stream"]="p",["system"]="p",["temperature"]="p",["thinking"]="p",["tool_choice"]="p",["tools"]="p",["top_k"]="p",["top_p"]="p",["additional_model_request_fields"]="r",["anthropic_beta"]="r",["anthropic_version"]="r",["performance_config"]="r"},["others"]="r",["translated"]=true}
t["responses known openai"]={["by_name"]={["background"]="p",["conversation"]="p",["include"]="p",["input"]="p",["instructions"]="p",["max_output_tokens"]="p",["max_tool_calls"]="p",["metadata"]="p",["modalities"]="p",["parallel_tool_calls"]="p",["previous_response_id"]="p",["prompt"]="p",["prompt_cache_key"]="p",["reasoning"]="p",["safety_identifier"]="p",["service_tier"]="p",["store"]="p",["stream"]="p",["stream_options"]="p",["temperature"]="p",["text"]="p",["tool_choice"]="p",["tools"]="p",["top_logprobs"]="p",["top_p"]="p",["truncation"]="p",["user"]="p",["verbosity"]="p",["client_metadata"]="d",["context_management"]="r",["model"]="p",["prompt_cache_retention"]="d"},["others"]="r",["translated"]=false}
t["responses whole openai"]={["by_name"]={["background"]="p",["conversation"]="p",["include"]="p",["input"]="p",["instructions"]="p",["max_output_tokens"]="p",["max_tool_calls"]="p",["metadata"]="p",["modalities"]="p",["parallel_tool_calls"]="p",["previous_response_id"]="p",["prompt"]="p",["prompt_cache_key"]="p",["reasoning"]="p",["safety_identifier"]="p",["service_tier"]="p",["store"]="p",["stream"]="p",["stream_options"]="p",["temperature"]="p",["text"]="p",["tool_choice"]="p",["tools"]="p",["top_logprobs"]="p",["top_p"]="p",["truncation"]="p",["user"]="p",["verbosity"]="p",["client_metadata"]="h",["context_management"]="h",["model"]="p",["prompt_cache_retention"]="h"},["others"]="h",["translated"]=false}
end)(TREATED)
local HARMLESS = {}
;(function(t)
t["frequency_penalty"]={["0"]=true,["0\0460"]=true}
t["function_call"]={["\034auto\034"]=true,["\034none\034"]=true}
t["functions"]={["\091\093"]=true}
t["logit_bias"]={["\123\125"]=true}
t["logprobs"]={["false"]=true}
t["modalities"]={["\091\034text\034\093"]=true}
t["n"]={["1"]=true}
t["parallel_tool_calls"]={["true"]=true}
t["presence_penalty"]={["0"]=true,["0\0460"]=true}
t["response_format"]={["\123\034type\034\058\034text\034\125"]=true}
t["service_tier"]={["\034auto\034"]=true,["\034default\034"]=true,["\034standard_only\034"]=true}
t["store"]={["false"]=true}
t["thinking"]={["\123\034type\034\058\034disabled\034\125"]=true}
t["top_logprobs"]={["0"]=true}
end)(HARMLESS)
local REFUSED_WITH = {}
;(function(t)
t["output_config"]="format"
end)(REFUSED_WITH)
local AS_IT_IS = {}
;(function(t)
t["chat"]="/v1/proxy/chat/completions"
t["messages"]="/v1/proxy/messages"
t["count_tokens"]="/v1/proxy/messages/count_tokens"
t["responses"]="/v1/proxy/responses"
t["embeddings"]="/v1/proxy/embeddings"
end)(AS_IT_IS)
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
t["invalid_key"]={["code"]="invalid_key",["status"]="401",["openai"]="authentication_error",["anthropic"]="authentication_error",["message"]="The key was not accepted\058 \123\125"}
t["key_not_here"]={["code"]="key_not_here",["status"]="403",["openai"]="permission_error",["anthropic"]="permission_error",["message"]="This key may not be used from this network address\046"}
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
t["unsupported_parameter"]={["code"]="unsupported_parameter",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="\123\125"}
t["untranslatable_body"]={["code"]="untranslatable_body",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="No request to the model\039s provider can be made of this body\058 one of its values is not what the API says\044 such as a message or a tool that is no object\046 The provider was not asked\046"}
t["stream_not_scannable"]={["code"]="stream_not_scannable",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="Content rules hold for answers of the model \123\125\044 and a stream cannot be checked\046 Send \034stream\034\058 false\046"}
t["api_not_scannable"]={["code"]="api_not_scannable",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="Content rules hold for the model \123\125\044 and they cannot be checked on this path\046"}
t["content_refused"]={["code"]="content_refused",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="A content rule of the gateway refused this request\046"}
t["answer_refused"]={["code"]="answer_refused",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="A content rule of the gateway refused the model\039s answer\046"}
t["answer_too_large"]={["code"]="answer_too_large",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="The provider\039s answer is larger than the gateway passes on\044 and it would be so again\058 ask for less at a time\044 or for a stream\046"}
t["bad_request"]={["code"]="bad_request",["status"]="400",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="The request is not valid HTTP\044 or its path is not allowed\046"}
t["request_timeout"]={["code"]="request_timeout",["status"]="408",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="The request did not arrive in time\046"}
t["request_too_large"]={["code"]="request_too_large",["status"]="413",["openai"]="invalid_request_error",["anthropic"]="request_too_large",["message"]="The request is larger than the gateway accepts\046"}
t["headers_too_large"]={["code"]="headers_too_large",["status"]="431",["openai"]="invalid_request_error",["anthropic"]="invalid_request_error",["message"]="The request\039s headers are larger than the gateway accepts\046"}
t["insufficient_quota"]={["code"]="insufficient_quota",["status"]="429",["openai"]="insufficient_quota",["anthropic"]="rate_limit_error",["message"]="\123\125"}
t["rate_limit_exceeded"]={["code"]="rate_limit_exceeded",["status"]="429",["openai"]="rate_limit_error",["anthropic"]="rate_limit_error",["message"]="\123\125"}
t["internal_error"]={["code"]="internal_error",["status"]="500",["openai"]="server_error",["anthropic"]="api_error",["message"]="The gateway failed\046 Send the request again\059 if it goes on\044 tell the gateway\039s administrators\046"}
t["provider_error"]={["code"]="provider_error",["status"]="502",["openai"]="server_error",["anthropic"]="api_error",["message"]="The provider answered with the status \123\125\046"}
t["provider_credentials"]={["code"]="provider_credentials",["status"]="502",["openai"]="server_error",["anthropic"]="api_error",["message"]="The provider refused the gateway\039s own credentials\046 Tell the gateway\039s administrators\046"}
t["provider_address"]={["code"]="provider_address",["status"]="502",["openai"]="server_error",["anthropic"]="api_error",["message"]="The provider\039s name leads to an address in a private network\044 where the gateway does not go\046 Tell the gateway\039s administrators\046"}
t["gateway_unavailable"]={["code"]="gateway_unavailable",["status"]="503",["openai"]="server_error",["anthropic"]="api_error",["message"]="The gateway cannot serve this request just now\046 Send it again in a moment\046"}
t["quota_unavailable"]={["code"]="quota_unavailable",["status"]="503",["openai"]="server_error",["anthropic"]="api_error",["message"]="The gateway cannot check the quota of this request just now\046 Send it again in a moment\046\123\125"}
t["issuer_unavailable"]={["code"]="issuer_unavailable",["status"]="503",["openai"]="server_error",["anthropic"]="api_error",["message"]="The gateway cannot check access tokens just now\046 Send the request again in a moment\046"}
t["scanner_unavailable"]={["code"]="scanner_unavailable",["status"]="503",["openai"]="server_error",["anthropic"]="api_error",["message"]="Content rules hold for this model\044 and the gateway cannot check them just now\046 Send the request again in a moment\059 if it goes on\044 tell the gateway\039s administrators\046"}
t["gateway_timeout"]={["code"]="gateway_timeout",["status"]="504",["openai"]="server_error",["anthropic"]="timeout_error",["message"]="The provider did not answer in time\046"}
end)(REFUSALS)
local OPENAI_TYPES = {}
;(function(t)
t["402"]="billing_error"
t["429"]="rate_limit_error"
end)(OPENAI_TYPES)
local ANTHROPIC_TYPES = {}
;(function(t)
t["400"]="invalid_request_error"
t["401"]="authentication_error"
t["402"]="billing_error"
t["403"]="permission_error"
t["404"]="not_found_error"
t["408"]="timeout_error"
t["413"]="request_too_large"
t["429"]="rate_limit_error"
t["504"]="timeout_error"
t["529"]="overloaded_error"
end)(ANTHROPIC_TYPES)
