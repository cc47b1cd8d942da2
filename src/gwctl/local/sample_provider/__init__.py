"""A stand-in for a model provider: requests of OpenAI's and Anthropic's APIs in, deterministic answers out.

    POST /v1/chat/completions       OpenAI, plain and streamed
    POST /v1/responses              OpenAI, plain and streamed
    POST /v1/embeddings             OpenAI
    GET  /v1/models                 OpenAI
    POST /v1/messages               Anthropic, plain and streamed
    POST /v1/messages/count_tokens  Anthropic
    GET  /healthz

It needs no account, calls nobody and keeps no state: equal requests get equal answers, byte for byte. The answer
says that it is the sample provider and repeats the beginning of the last user message. Tools, images and unknown
fields are accepted; the answer is always text, never a tool call. Any API key will do, but none is a 401: so a test
sees whether the gateway put one in.

Usage is counted, not invented, and is the same streamed and plain. See `tokens` for the rule, `openai_usage` for
cached and reasoning tokens, `messages` for Anthropic's `cache_control` and thinking. An answer ends at the request's
`max_tokens` (or the like) as a real one does.

Some model names misbehave on purpose, in every API; `models.MODELS` is the list. Every other name answers normally.
"""
