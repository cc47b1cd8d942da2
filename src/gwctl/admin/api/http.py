"""From an API Gateway event to an answer: one `Api` for each function.

In: REST proxy events (payload format 1.0). Out: proxy answers, JSON in one shape. Before an operation runs, the caller
must have one of its scopes, every query parameter must be known, and the body must be JSON that says each thing once.
An error is always an `ErrorBody`; what is inside an exception stays in the log.
"""

import base64
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote, unquote

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from gwctl.admin.api import access
from gwctl.admin.api.access import Caller, Event, Security
from gwctl.admin.api.bodies import MAX_BODY_BYTES, body_of, dumps, loads
from gwctl.admin.api.shapes.models import ErrorBody, ErrorContent, ErrorDetail
from gwctl.admin.service import errors, runtime
from gwctl.admin.service.changes import Actor
from gwctl.admin.service.errors import AdminError
from gwctl.policy.documents import Document
from gwctl.policy.errors import Problem
from gwctl.policy.validation import problems_of
from gwctl.stores.interfaces import UnavailableError

log = logging.getLogger("gwctl.admin")

Method = Literal["GET", "PUT", "POST", "DELETE"]
Handler = TypeVar("Handler", bound=Callable[..., Any])

ERRORS: Final[dict[int, str]] = {
    400: "The request is not JSON",
    401: "No valid token",
    403: "The token lacks the scope",
    404: "There is no such thing",
    409: "The document was changed since; says by whom and when",
    413: f"The body is larger than {MAX_BODY_BYTES} bytes",
    415: "The body is not application/json",
    422: "The document, or the policy with it, has problems; names document, field and fix",
    428: "The document exists already: say with If-Match which version the change is based on",
    500: "A bug; the log has the details under the request id",
    503: "Busy, or a service behind the API does not answer; try again",
}


@dataclass(frozen=True)
class Operation:
    """One method of one path. `explain` says what is wrong with a body, `max_bytes` how large one may be."""

    method: Method
    resource: str
    security: Security
    body: type[BaseModel] | None
    explain: Callable[[Any], Iterable[Problem]]
    max_bytes: int


class Api:
    """The operations of one function. `handle` is what Lambda calls."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.app = APIGatewayRestResolver(enable_validation=True, serializer=dumps, json_body_deserializer=loads)
        self.operations: dict[tuple[str, str], Operation] = {}
        self.app.exception_handler(AdminError)(_error_response)
        self.app.exception_handler(RequestValidationError)(self._invalid)

    def operation(
        self,
        method: Method,
        resource: str,
        *,
        summary: str,
        answers: Mapping[int, type[BaseModel]],
        refusals: tuple[int, ...],
        security: Security,
        body: type[BaseModel] | None = None,
        section: str = "",
        explain: Callable[[Any], Iterable[Problem]] | None = None,
        max_bytes: int = MAX_BODY_BYTES,
    ) -> Callable[[Handler], Handler]:
        """Registers a function. `answers` are the models of good answers, `refusals` the statuses of the others.

        `section` begins the names of documents in problems with the body, which `explain` may tell in its own way.
        """
        explain = explain or partial(_explained, body or BaseModel, section)
        operation = Operation(method, resource, security, body, explain, max_bytes)
        self.operations[method, resource] = operation
        always = (401, 403, 500, 503)
        statuses = sorted({*refusals, *always})
        documented: dict[int, Any] = {status: _documented("Done", model) for status, model in answers.items()}
        documented |= {status: _documented(ERRORS[status], ErrorBody) for status in statuses}

        def register(function: Handler) -> Handler:
            self.app.route(
                resource.replace("{", "<").replace("}", ">"),
                method,
                summary=summary,
                description=function.__doc__,
                responses=documented,
                tags=[self.tag],
                operation_id=function.__name__,
                security=security,
            )(function)
            return function

        return register

    @property
    def caller(self) -> Caller:
        """Who sent the request that is being answered."""
        return self.app.context["caller"]

    @property
    def actor(self) -> Actor:
        """The same, for the audit record."""
        return Actor(self.caller.client_id, self.app.context["request_id"])

    def handle(self, event: Event, context: Any) -> dict[str, Any]:
        """Answers one event. Never raises."""
        request_id = str((event.get("requestContext") or {}).get("requestId") or "unknown")
        try:
            answer = self._answer(event, context, request_id)
        except AdminError as error:
            answer = error_answer(error)
        except UnavailableError:
            log.exception("request %s", request_id)
            answer = error_answer(errors.unavailable("the document store"))
        except Exception:
            log.exception("request %s failed", request_id)
            message = f"something went wrong; the log has it under request id {request_id}"
            answer = error_answer(AdminError(500, "internal", message))
        log.info("%s %s %s %s", event.get("httpMethod"), event.get("resource"), answer["statusCode"], request_id)
        return answer

    def _answer(self, event: Event, context: Any, request_id: str) -> dict[str, Any]:
        key = str(event.get("httpMethod", "")).upper(), str(event.get("resource", ""))
        operation = self.operations.get(key)
        if operation is None:
            raise AdminError(404, "not_found", f"there is no {key[0]} {event.get('path', key[1])}")
        caller = access.caller_of(event, runtime.get().scope_prefix)
        access.require(caller, operation.security)
        content = body_of(event, operation.max_bytes) if operation.body else None
        self._refuse_unknown_parameters(event, operation)
        self.app.append_context(caller=caller, request_id=request_id, operation=operation, content=content)
        return self.app.resolve(_normalised(event, operation), context)

    def _invalid(self, error: RequestValidationError) -> Response[str]:
        context = self.app.context
        problems = _problems(error, context["operation"], context["content"])
        return _error_response(errors.invalid(problems, "the request has problems"))

    def _refuse_unknown_parameters(self, event: Event, operation: Operation) -> None:
        """A misspelt `dry_run` must not become a change."""
        known = self.query_parameters(operation)
        sent = {*(event.get("queryStringParameters") or {}), *(event.get("multiValueQueryStringParameters") or {})}
        fix = f"known are {', '.join(known)}" if known else "remove it"
        problems = [Problem("", name, "unknown query parameter", fix) for name in sorted(sent - set(known))]
        if problems:
            raise errors.invalid(problems, "the request has problems")

    def query_parameters(self, operation: Operation) -> list[str]:
        """The names of an operation's query parameters."""
        for route in self.app._static_routes + self.app._dynamic_routes:
            if (route.method, route.openapi_path) == (operation.method, operation.resource):
                return [field.alias for field in route.dependant.query_params]
        return []


def answer(model: BaseModel | Mapping[str, Any], status: int = 200, etag: int | None = None) -> Response[str]:
    """A good answer. `etag` is the version of the document in it."""
    headers: dict[str, Any] = {"Cache-Control": "no-store"}
    if etag is not None:
        headers["ETag"] = f'"{etag}"'
    return Response(status, content_type="application/json", body=dumps(model), headers=headers)


def _normalised(event: Event, operation: Operation) -> dict[str, Any]:
    """The event with a path that has each parameter percent-encoded, whether or not whoever sent it decoded them."""
    values: Mapping[str, str] = event.get("pathParameters") or {}

    def encoded(match: re.Match[str]) -> str:
        return quote(unquote(str(values.get(match[1], ""))), safe="") or "%00"

    path = re.sub(r"\{(\w+)\}", encoded, operation.resource)
    content = event.get("body")
    if content and event.get("isBase64Encoded"):
        content = base64.b64decode(content).decode()
    return {
        **event,
        "path": path,
        "body": content,
        "isBase64Encoded": False,
        "headers": dict(event.get("headers") or {}),
    }


def _problems(error: RequestValidationError, operation: Operation, content: Any) -> Iterator[Problem]:
    in_body = False
    for item in error.errors():
        place, *location = item["loc"]
        if place == "body":
            in_body = True
        else:
            message = str(item["msg"])
            fix = "add it" if item["type"] == "missing" else "correct the value"
            yield Problem("", ".".join(str(part) for part in location), f"{message[:1].lower()}{message[1:]}", fix)
    if in_body:
        yield from operation.explain(content)


def _explained(model: type[BaseModel], section: str, content: Any) -> Iterator[Problem]:
    """What is wrong with one document, said again in the policy's own words, which name the fix."""
    label = f"{section}/{content['id']}" if section and _is_name(content.get("id")) else ""
    try:
        model.model_validate(content)
    except ValidationError as refused:
        known: Any = model if issubclass(model, Document) else Document
        yield from problems_of(refused, label, known)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= 128


def _documented(description: str, model: type[BaseModel]) -> Any:
    return {"description": description, "content": {"application/json": {"model": model}}}


def _error_response(error: AdminError) -> Response[str]:
    details = [ErrorDetail.model_validate(asdict(detail)) for detail in error.details]
    content = ErrorBody(error=ErrorContent(code=error.code, message=error.message, details=details))
    headers: dict[str, Any] = {"Cache-Control": "no-store"}
    if error.status == 503:
        headers["Retry-After"] = "1"
    body = dumps(content.model_dump(exclude_none=True))
    return Response(error.status, content_type="application/json", body=body, headers=headers)


def error_answer(error: AdminError) -> dict[str, Any]:
    """The proxy answer that an error becomes."""
    return _proxy(_error_response(error))


def _proxy(response: Response[str]) -> dict[str, Any]:
    return {
        "statusCode": int(response.status_code),
        "body": response.body,
        "isBase64Encoded": False,
        "multiValueHeaders": {name: [value] for name, value in response.headers.items()},
    }
