"""Anthropic's messages and count_tokens: a call in, a message, its stream of events, or a count out.

Wire format: Anthropic API reference, "Messages", "Streaming messages" and "Prompt caching".
"""

from typing import Any

from gwctl.local.sample_provider.call import BadRequestError, Call, Output, compose
from gwctl.local.sample_provider.tokens import Prompt, measure
from gwctl.local.sample_provider.wire import SERVER_ERROR, event

THINKING_TOKENS = 128
THINKING = "The sample provider does not think."
"""The thinking that is shown, a summary: what is billed is `THINKING_TOKENS`."""


def plain(call: Call) -> dict[str, Any]:
    """A message object."""
    output = _output(call)
    usage = {"usage": _usage(_prompt(call), output.tokens, output)} if call.reports_usage else {}
    ending = {"stop_reason": _stop_reason(output), "stop_sequence": None}
    return {**_head(call), "content": _blocks(output), **ending, **usage}


def frames(call: Call) -> list[bytes]:
    """Start with the input's usage, the blocks with their deltas, the ending with all usage, stop."""
    output, prompt = _output(call), _prompt(call)
    stream: list[bytes] = []

    def emit(name: str, **fields: Any) -> None:
        stream.append(event({"type": name, **fields}, name))

    start = {"usage": _usage(prompt, 1)} if call.reports_usage else {}
    emit(
        "message_start",
        message={**_head(call), "content": [], "stop_reason": None, "stop_sequence": None, **start},
    )
    for index, block in enumerate(_blocks(output)):
        kind = block["type"]
        emit("content_block_start", index=index, content_block=dict.fromkeys(block, "") | {"type": kind})
        if index == 0:
            emit("ping")
        for piece in output.visible if kind == "text" else [THINKING]:
            delta = {"type": f"{kind}_delta", kind: piece}
            emit("content_block_delta", index=index, delta=delta)
        if "signature" in block:
            delta = {"type": "signature_delta", "signature": block["signature"]}
            emit("content_block_delta", index=index, delta=delta)
        emit("content_block_stop", index=index)
    end = {"usage": _usage(prompt, output.tokens, output)} if call.reports_usage else {}
    emit("message_delta", delta={"stop_reason": _stop_reason(output), "stop_sequence": None}, **end)
    emit("message_stop")
    return stream


def failure(call: Call, sent: int) -> bytes:  # noqa: ARG001 - every API has this signature
    """The event that ends a stream with an error."""
    return event(SERVER_ERROR.body("anthropic"), "error")


def count_tokens(call: Call) -> dict[str, Any]:
    """The answer of `/v1/messages/count_tokens`: what `messages` would count as input, cached or not."""
    call.objects("messages")
    return {"input_tokens": _prompt(call).tokens}


def _output(call: Call) -> Output:
    cap = call.positive("max_tokens")
    if cap is None:
        raise BadRequestError("max_tokens: Field required", "max_tokens")
    asked = call.option("thinking", "type") in ("enabled", "adaptive")
    return compose(call.objects("messages"), cap, THINKING_TOKENS if asked else 0)


def _prompt(call: Call) -> Prompt:
    """The prompt in the order in which Anthropic caches it. A mark on the request itself counts at its end."""
    whole = [call.body.get(field) for field in ("tools", "system", "messages")]
    return measure([{"whole": whole, "cache_control": call.body.get("cache_control")}])


def _head(call: Call) -> dict[str, Any]:
    return {"id": f"msg_{call.id}", "type": "message", "role": "assistant", "model": call.model}


def _blocks(output: Output) -> list[dict[str, str]]:
    thinking = {"type": "thinking", "thinking": THINKING, "signature": "c2FtcGxl"}
    text = {"type": "text", "text": output.text}
    return ([thinking] if output.reasoning else []) + ([text] if output.visible else [])


def _stop_reason(output: Output) -> str:
    return "max_tokens" if output.capped else "end_turn"


def _usage(prompt: Prompt, output_tokens: int, output: Output | None = None) -> dict[str, Any]:
    """Everything before the last but one cache mark was read, from there to the last one written.

    So a single mark is a first request and two are a conversation that goes on; the provider keeps no state.
    Cached tokens stand beside `input_tokens`, not inside.
    """
    read = prompt.marks[-2][0] if len(prompt.marks) > 1 else 0
    end, ttl = prompt.marks[-1] if prompt.marks else (0, "5m")
    written = end - read
    hour = written if ttl == "1h" else 0
    usage = {
        "input_tokens": prompt.tokens - end,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": written - hour, "ephemeral_1h_input_tokens": hour},
        "output_tokens": output_tokens,
        "service_tier": "standard",
    }
    if output and output.reasoning:
        usage["output_tokens_details"] = {"thinking_tokens": output.reasoning}
    return usage
