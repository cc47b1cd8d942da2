"""OpenAI's chat completions: a call in, a completion or its stream of chunks out.

Wire format: OpenAI API reference, "Create chat completion" and "The chat completion chunk object".
"""

from typing import Any

from gwctl.local.sample_provider.call import CREATED, BadRequestError, Call, Output, compose
from gwctl.local.sample_provider.openai_usage import cached_tokens, reasoning_tokens
from gwctl.local.sample_provider.tokens import measure
from gwctl.local.sample_provider.wire import SERVER_ERROR, event

MOST_CHOICES = 128


def plain(call: Call) -> dict[str, Any]:
    """A chat completion object."""
    output = _output(call)
    choice = {
        "message": {"role": "assistant", "content": output.text, "refusal": None, "annotations": []},
        "logprobs": None,
        "finish_reason": _finish_reason(output),
    }
    choices = [{"index": index, **choice} for index in range(_choices(call))]
    usage = {"usage": _usage(call, output)} if call.reports_usage else {}
    return {**_head(call, "chat.completion"), "choices": choices, **usage}


def frames(call: Call) -> list[bytes]:
    """Chunks: role, a token each, finish reason; the usage at the end only if it was asked for; `[DONE]`."""
    output, indexes = _output(call), range(_choices(call))
    wants_usage = call.reports_usage and call.option("stream_options", "include_usage") is True
    head = _head(call, "chat.completion.chunk")
    no_usage = {"usage": None} if wants_usage else {}

    def chunk(index: int, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return event({**head, "choices": [choice], **no_usage})

    stream = [chunk(index, {"role": "assistant", "content": "", "refusal": None}) for index in indexes]
    stream += [chunk(index, {"content": piece}) for piece in output.visible for index in indexes]
    stream += [chunk(index, {}, _finish_reason(output)) for index in indexes]
    if wants_usage:
        stream.append(event({**head, "choices": [], "usage": _usage(call, output)}))
    return [*stream, b"data: [DONE]\n\n"]


def failure(call: Call, sent: int) -> bytes:  # noqa: ARG001 - every API has this signature
    """The error event of a stream: the error object as data. No `[DONE]` follows."""
    return event(SERVER_ERROR.body("openai"))


def _output(call: Call) -> Output:
    if call.body.get("stream_options") is not None and call.body.get("stream") is not True:
        raise BadRequestError("stream_options: only allowed when stream is true", "stream_options")
    cap = call.positive("max_completion_tokens") or call.positive("max_tokens")
    return compose(call.objects("messages"), cap, reasoning_tokens(call.body.get("reasoning_effort")))


def _choices(call: Call) -> int:
    count = call.positive("n") or 1
    if count > MOST_CHOICES:
        raise BadRequestError(f"n: must not be more than {MOST_CHOICES}", "n")
    return count


def _head(call: Call, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{call.id}",
        "object": kind,
        "created": CREATED,
        "model": call.model,
        "service_tier": "default",
        "system_fingerprint": "fp_sample",
    }


def _finish_reason(output: Output) -> str:
    return "length" if output.capped else "stop"


def _usage(call: Call, output: Output) -> dict[str, Any]:
    prompt = measure([call.body.get("tools"), call.body["messages"]]).tokens
    completion = output.tokens * _choices(call)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached_tokens(prompt), "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": output.reasoning * _choices(call),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
