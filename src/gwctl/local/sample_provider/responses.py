"""OpenAI's responses: a call in, a response object or its stream of events out.

Wire format: OpenAI API reference, "The response object" and "Streaming events". As there, the opening and closing
events repeat the request's instructions and tools, so they can be large.
"""

from typing import Any

from gwctl.local.sample_provider.call import CREATED, BadRequestError, Call, Output, compose
from gwctl.local.sample_provider.openai_usage import cached_tokens, reasoning_tokens
from gwctl.local.sample_provider.tokens import measure
from gwctl.local.sample_provider.wire import event

_ECHOED = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}
"""Request fields that the response repeats, and what it says when the request left them out."""


def plain(call: Call) -> dict[str, Any]:
    """A response object."""
    output = _output(call)
    return _response(call, _ending(output), output, _items(call, output))


def frames(call: Call) -> list[bytes]:
    """Created, in progress, then each output item with its parts, then completed or incomplete."""
    output = _output(call)
    stream: list[bytes] = []

    def emit(name: str, **fields: Any) -> None:
        stream.append(event({"type": name, "sequence_number": len(stream), **fields}, name))

    emit("response.created", response=_response(call, "in_progress"))
    emit("response.in_progress", response=_response(call, "in_progress"))
    items = _items(call, output)
    for index, item in enumerate(items):
        if item["type"] == "reasoning":
            emit("response.output_item.added", output_index=index, item=item)
        else:
            at = {"item_id": item["id"], "output_index": index, "content_index": 0}
            begun = {**item, "status": "in_progress", "content": []}
            emit("response.output_item.added", output_index=index, item=begun)
            emit("response.content_part.added", **at, part=_part(""))
            for piece in output.visible:
                emit("response.output_text.delta", **at, delta=piece, logprobs=[])
            emit("response.output_text.done", **at, text=output.text, logprobs=[])
            emit("response.content_part.done", **at, part=_part(output.text))
        emit("response.output_item.done", output_index=index, item=item)
    emit(f"response.{_ending(output)}", response=_response(call, _ending(output), output, items))
    return stream


def failure(call: Call, sent: int) -> bytes:
    """The event that ends a stream with an error."""
    error = {"code": "server_error", "message": "the sample provider fails as asked"}
    response = {**_response(call, "failed"), "error": error}
    return event({"type": "response.failed", "sequence_number": sent, "response": response}, "response.failed")


def _output(call: Call) -> Output:
    given = call.body.get("input")
    if isinstance(given, str) and given:
        messages = [{"role": "user", "content": given}]
    elif given is None or isinstance(given, list):
        messages = call.objects("input")
    else:
        raise BadRequestError("input: a text or a list of items is required", "input")
    reasoning = reasoning_tokens(call.option("reasoning", "effort"))
    return compose(messages, call.positive("max_output_tokens"), reasoning)


def _ending(output: Output) -> str:
    return "incomplete" if output.capped else "completed"


def _items(call: Call, output: Output) -> list[dict[str, Any]]:
    message = {
        "id": f"msg_{call.id}",
        "type": "message",
        "role": "assistant",
        "status": _ending(output),
        "content": [_part(output.text)],
    }
    reasoning = {"id": f"rs_{call.id}", "type": "reasoning", "summary": [], "encrypted_content": "sample"}
    return [reasoning, message] if output.reasoning else [message]


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _response(
    call: Call, status: str, output: Output | None = None, items: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    given = {key: value for key in _ECHOED if (value := call.body.get(key)) is not None}
    return {
        "id": f"resp_{call.id}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "model": call.model,
        "output": items or [],
        "service_tier": "default",
        "user": None,
        **_ECHOED,
        **given,
        "usage": _usage(call, output) if output and call.reports_usage else None,
    }


def _usage(call: Call, output: Output) -> dict[str, Any]:
    prompt = measure([call.body.get(field) for field in ("instructions", "tools", "input")]).tokens
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": cached_tokens(prompt), "cache_write_tokens": 0},
        "output_tokens": output.tokens,
        "output_tokens_details": {"reasoning_tokens": output.reasoning},
        "total_tokens": prompt + output.tokens,
    }
