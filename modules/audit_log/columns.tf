# The columns of an audit record. Usage records are usage events (gwctl.ledger.metering.events.UsageEvent) and keep
# OpenTelemetry's names inside the JSON; `key` names the JSON key where it is not the column's own name.
locals {
  columns = [
    # every record
    { name = "id", type = "string", key = null, comment = "Request id or change id; a record may arrive twice" },
    { name = "kind", type = "string", key = null, comment = "usage or change" },
    { name = "time", type = "string", key = null, comment = "When it happened, RFC 3339 in UTC" },
    { name = "team", type = "string", key = null, comment = "Team, or null" },
    { name = "shard", type = "string", key = null, comment = "Which hash chain the record belongs to" },
    { name = "sequence", type = "bigint", key = null, comment = "Position in the chain; of a change: the policy version" },
    { name = "previous_hash", type = "string", key = null, comment = "Hash of the record before it" },
    { name = "hash", type = "string", key = null, comment = "Hash of this record" },

    # usage: who and what
    { name = "team_name", type = "string", key = null, comment = "The team's name at that moment" },
    { name = "team_tags", type = "string", key = null, comment = "The team's tags at that moment, as a JSON object" },
    { name = "client", type = "string", key = null, comment = "Client id of the token" },
    { name = "api", type = "string", key = null, comment = "Wire shape: chat, messages, responses, embeddings, count_tokens" },
    { name = "model", type = "string", key = "gen_ai.request.model", comment = "Model alias that was asked for" },
    { name = "stream", type = "boolean", key = "gen_ai.request.stream", comment = "Whether the answer was streamed" },
    { name = "policy", type = "string", key = null, comment = "Version of the policy snapshot in force" },

    # usage: how it ended and who served
    { name = "started_at", type = "string", key = null, comment = "When the request began, RFC 3339" },
    { name = "duration", type = "double", key = null, comment = "Seconds until the end of the answer" },
    { name = "time_to_first_chunk", type = "double", key = "gen_ai.response.time_to_first_chunk", comment = "Seconds until a stream's first chunk" },
    { name = "status", type = "int", key = "http.response.status_code", comment = "HTTP status; 0: the caller left first" },
    { name = "outcome", type = "string", key = null, comment = "served, refused, failed or cut" },
    { name = "refusal", type = "string", key = null, comment = "Why the edge refused" },
    { name = "rules", type = "string", key = null, comment = "Content rules that refused or redacted something" },
    { name = "quota", type = "string", key = null, comment = "The quota that refused it" },
    { name = "shadow", type = "string", key = null, comment = "A quota on trial that would have refused it" },
    { name = "error_type", type = "string", key = "error.type", comment = "The provider's word for an error" },
    { name = "lane", type = "string", key = null, comment = "portkey, or express: the edge called the provider itself" },
    { name = "attempts", type = "int", key = null, comment = "Tries before the one that served" },
    { name = "provider_name", type = "string", key = "gen_ai.provider.name", comment = "Kind of provider" },
    { name = "provider", type = "string", key = null, comment = "Provider id" },
    { name = "target_model", type = "string", key = null, comment = "Model asked of the provider" },
    { name = "response_model", type = "string", key = "gen_ai.response.model", comment = "Model that answered" },
    { name = "service_tier", type = "string", key = null, comment = "The provider's processing tier" },

    # usage: what it used and cost
    { name = "input_tokens", type = "bigint", key = "gen_ai.usage.input_tokens", comment = "Cached ones included" },
    { name = "output_tokens", type = "bigint", key = "gen_ai.usage.output_tokens", comment = "Reasoning included" },
    { name = "cache_read_tokens", type = "bigint", key = "gen_ai.usage.cache_read.input_tokens", comment = "Of the input" },
    { name = "cache_creation_tokens", type = "bigint", key = "gen_ai.usage.cache_creation.input_tokens", comment = "Of the input" },
    { name = "cache_creation_1h_tokens", type = "bigint", key = null, comment = "Of the written ones: kept for an hour" },
    { name = "reasoning_tokens", type = "bigint", key = "gen_ai.usage.reasoning.output_tokens", comment = "Of the output" },
    { name = "audio_input_tokens", type = "bigint", key = null, comment = "Of the input" },
    { name = "audio_output_tokens", type = "bigint", key = null, comment = "Of the output" },
    { name = "web_searches", type = "bigint", key = null, comment = "Searches the provider charges one by one" },
    { name = "cost_nano_usd", type = "bigint", key = null, comment = "Nano-dollars; null: there is no price" },
    { name = "price_source", type = "string", key = null, comment = "Where the price comes from" },
    { name = "estimated", type = "string", key = null, comment = "false, or why the tokens are an estimate" },

    # change: who changed what
    { name = "actor", type = "string", key = null, comment = "Client id of the admin" },
    { name = "action", type = "string", key = null, comment = "created, updated, deleted, rolled back" },
    { name = "document_kind", type = "string", key = null, comment = "team, client, budget, route, scanner, price" },
    { name = "document_id", type = "string", key = null, comment = "Id of the document" },
    { name = "before_hash", type = "string", key = null, comment = "Hash of the document before" },
    { name = "after_hash", type = "string", key = null, comment = "Hash of the document after" },
    { name = "change", type = "string", key = null, comment = "The whole change, as its hash was made of it" },
  ]
}
