"""The four operations that every kind of document has, made from its declaration, and the parameters that they take.

In: a `Kind` of `gwctl.policy.kinds`. Out: `GET` of the list, and `GET`, `PUT` and `DELETE` of one, at an `Api`.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from gwctl.admin.api import access
from gwctl.admin.api.access import Caller
from gwctl.admin.api.http import Api, Method, answer
from gwctl.admin.api.shapes.models import Page, Versioned, Written
from gwctl.admin.api.shapes.parameters import PARAMETERS, DryRun, IfMatch, IfNoneMatch, Limit, Next
from gwctl.admin.service import errors, runtime
from gwctl.admin.service.changes import Expected, Outcome
from gwctl.core import scopes
from gwctl.policy.documents import Client
from gwctl.policy.errors import Problem
from gwctl.policy.kinds import Kind
from gwctl.policy.state import MODELS, PolicyDocument, Section, Stored

READ_REFUSALS: Final = (404, 422)
LIST_REFUSALS: Final = (422,)
PUT_REFUSALS: Final = (400, 404, 409, 413, 415, 422, 428)
REPLACING: Final = (
    "The same content again changes nothing. To replace another content, say with If-Match which version it has."
)
DELETE_REFUSALS: Final = (404, 409, 422, 428)


def register(api: Api, kind: Kind, *, listed: bool = True) -> None:
    """Gives an API the operations of a kind; without `listed`, not the list."""
    model: Any = MODELS[kind.section]
    one, many, section = kind.noun.replace(" ", "_"), kind.plural.replace(" ", "_"), kind.section
    names = kind.parameters

    def add(method: Method, name: str, words: tuple[str, str], function: Callable[..., Any], **more: Any) -> None:
        function.__name__, function.__doc__ = name, words[1]
        path = kind.collection if name.startswith("list_") else kind.path
        security = access.READ if method == "GET" else access.WRITE
        api.operation(method, path, summary=words[0], security=security, **more)(function)

    def list_all(limit: Limit = 100, after: Next = None) -> Response[str]:
        return list_documents(section, limit, after, model)

    def get(**path: str) -> Response[str]:
        return read(section, "/".join(path.values()), model)

    def put_one(
        body: Any, dry_run: bool, if_match: str | None, if_none_match: str | None, **path: str
    ) -> Response[str]:
        fields = dict(zip(kind.fields, path.values(), strict=True))
        return put(api, section, fields, body, dry_run=dry_run, if_match=if_match, if_none_match=if_none_match)

    def delete_one(dry_run: bool, if_match: str | None, **path: str) -> Response[str]:
        return delete(api, section, "/".join(path.values()), model, dry_run=dry_run, if_match=if_match)

    changing = {"dry_run": (DryRun, False), "if_match": (IfMatch, None)}
    body = {"body": (Annotated[model, Body()], Parameter.empty)}
    _sign(get, names)
    _sign(put_one, names, body | changing | {"if_none_match": (IfNoneMatch, None)})
    _sign(delete_one, names, changing)
    order = f"{kind.plural.capitalize()} in the order of their ids, a page at a time."
    if listed:
        words = f"List {kind.plural}", order
        add("GET", f"list_{many}", words, list_all, answers={200: Page[model]}, refusals=LIST_REFUSALS)
    words = f"Read a {kind.noun}", f"The {kind.noun}, with its version as ETag."
    add("GET", f"get_{one}", words, get, answers={200: Versioned[model]}, refusals=READ_REFUSALS)
    words = f"Create or replace a {kind.noun}", REPLACING
    written: Any = Written[model]
    add(
        "PUT",
        f"put_{one}",
        words,
        put_one,
        answers={200: written, 201: written},
        refusals=PUT_REFUSALS,
        body=model,
        section=section,
    )
    words = f"Delete a {kind.noun}", "Refused while another document names it."
    add("DELETE", f"delete_{one}", words, delete_one, answers={200: written}, refusals=DELETE_REFUSALS)


def _sign(function: Any, path: list[str], more: Mapping[str, tuple[Any, Any]] | None = None) -> None:
    """Tells Powertools which parameters a function takes: it reads them off the signature."""
    taken: dict[str, tuple[Any, Any]] = {name: (PARAMETERS[name], Parameter.empty) for name in path} | dict(more or {})
    function.__signature__ = Signature(
        [
            Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for name, (kind, default) in taken.items()
        ],
        return_annotation=Response[str],
    )


def list_documents(section: Section, limit: int, token: str | None, model: Any, **wanted: str) -> Response[str]:
    """The answer with `page_of` the section."""
    page, more = page_of(section, limit, token, **wanted)
    return answer(Page[model](items=[versioned(stored, model) for stored in page], next=more))


def page_of(section: Section, limit: int, token: str | None, **wanted: str) -> tuple[list[Stored], str | None]:
    """A page of the documents of a section whose fields have the wanted values, in the order of their ids.

    The second is the token of the next page. Raises AdminError.
    """
    after = after_token(token)
    entries = runtime.get().service.load().sections[section]
    found = sorted(
        name
        for name, stored in entries.items()
        if (after is None or name > after) and all(getattr(stored.document, f) == v for f, v in wanted.items())
    )
    page = found[:limit]
    more = next_token(page[-1]) if len(found) > limit else None
    return [entries[name] for name in page], more


def read(section: Section, document_id: str, model: Any, **wanted: str) -> Response[str]:
    """One document whose fields have the wanted values. Raises AdminError."""
    stored = runtime.get().service.load().get(section, document_id)
    if stored is None or any(getattr(stored.document, f) != v for f, v in wanted.items()):
        raise errors.not_found(section, document_id)
    return answer(versioned(stored, model), etag=stored.version)


def own_team(caller: Caller) -> str | None:
    """The only team that the caller may ask about; None: any. Raises AdminError (403) for a client of no team."""
    if caller.may((scopes.READ, scopes.ADMIN)):
        return None
    stored = runtime.get().service.load().get("clients", caller.client_id)
    if stored is None or not isinstance(stored.document, Client):
        raise errors.forbidden(f"client {caller.client_id!r} belongs to no team")
    return stored.document.team


def require(section: Section, document_id: str) -> None:
    """Raises AdminError when there is no such document."""
    if runtime.get().service.load().get(section, document_id) is None:
        raise errors.not_found(section, document_id)


def put(
    api: Api,
    section: Section,
    path: Mapping[str, str],
    body: Any,
    *,
    dry_run: bool,
    if_match: str | None,
    if_none_match: str | None,
    through: Callable[[Expected], Outcome] | None = None,
) -> Response[str]:
    """Creates or replaces a document. `path` has the fields that the path names and the body must repeat.

    `through` does it in the service's place.

    Raises AdminError.
    """
    label = f"{section}/{body.id}"
    problems = [
        Problem(label, name, f"is {getattr(body, name)!r} where the path says {value!r}", "make them the same")
        for name, value in path.items()
        if getattr(body, name) != value
    ]
    if problems:
        raise errors.invalid(problems)
    expect = expected(if_match, if_none_match)
    if through:
        outcome = through(expect)
    else:
        outcome = runtime.get().service.put(section, body, expect, api.actor, dry_run=dry_run)
    return written(section, body.id, outcome, type(body), dry_run=dry_run, proposed=body)


def delete(
    api: Api, section: Section, document_id: str, model: Any, *, dry_run: bool, if_match: str | None
) -> Response[str]:
    """Deletes a document. Raises AdminError."""
    expect = expected(if_match, None)
    outcome = runtime.get().service.delete(section, document_id, expect, api.actor, dry_run=dry_run)
    return written(section, document_id, outcome, model, dry_run=dry_run)


def written(
    section: Section,
    document_id: str,
    outcome: Outcome,
    model: Any,
    *,
    dry_run: bool,
    proposed: PolicyDocument | None = None,
) -> Response[str]:
    """The answer to a change; `proposed` is what a put has asked for."""
    stored = outcome.state.get(section, document_id)
    version = stored.version if stored else None
    result = Written[model](
        document=proposed if dry_run else stored.document if stored else None,
        version=version,
        policy_version=outcome.state.version,
        changed=outcome.changed,
        dry_run=dry_run,
        difference=outcome.difference,
    )
    created = stored is not None and outcome.before.get(section, document_id) is None
    return answer(result, 201 if created else 200, etag=None if dry_run else version)


def expected(if_match: str | None, if_none_match: str | None) -> Expected:
    """What the two headers say. Raises AdminError when they say nothing that can be understood."""
    if if_none_match is not None:
        if if_none_match.strip() != "*" or if_match is not None:
            fix = "send If-None-Match: * alone to create, If-Match to replace"
            raise errors.invalid([Problem("", "if-none-match", "is not *, or stands beside If-Match", fix)])
        return Expected(absent=True)
    if if_match is None:
        return Expected()
    if if_match.strip() == "*":
        return Expected(any=True)
    match = re.fullmatch(r'\s*"?([0-9]{1,12})"?\s*', if_match, re.ASCII)
    if match is None:
        fix = 'send the version in quotes, If-Match: "12"'
        raise errors.invalid([Problem("", "if-match", f"{if_match!r} is not a version", fix)])
    return Expected(version=int(match[1]))


def next_token(last: str) -> str:
    """What `after_token` reads. Opaque to callers."""
    return base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")


def after_token(token: str | None) -> str | None:
    """The id after which a page begins. Raises AdminError."""
    if token is None:
        return None
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError) as error:
        problem = Problem("", "next", "is not a token of this API", "use `next` of the page before as it is")
        raise errors.invalid([problem], "the request has problems") from error


def versioned(stored: Stored, model: Any) -> Versioned[Any]:
    """A stored document as an answer has it."""
    return Versioned[model](
        document=stored.document,
        version=stored.version,
        changed_by=stored.changed_by,
        changed_at=stored.changed_at,
    )
