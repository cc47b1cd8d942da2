"""`/budgets`: limits in dollars, tokens or requests, over a period."""

import logging
import time
from collections.abc import Iterable
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BeforeValidator

from gwctl.admin.api import access, crud
from gwctl.admin.api.budget_states import states_of
from gwctl.admin.api.crud import LIST_REFUSALS, READ_REFUSALS, own_team
from gwctl.admin.api.http import Api, answer
from gwctl.admin.api.shapes.models import BudgetPage, BudgetState
from gwctl.admin.api.shapes.parameters import Limit, Next, SlugPath, boolean
from gwctl.admin.service import errors, runtime
from gwctl.ledger.quotas.store import StoreUnavailable
from gwctl.policy.documents import Budget, Client
from gwctl.policy.kinds import BUDGETS
from gwctl.policy.state import State

log = logging.getLogger("gwctl.admin")

api = Api("budgets")

WithState = Annotated[
    bool, BeforeValidator(boolean), Query(description="true: say of each what is spent and what is left")
]


@api.operation(
    "GET",
    "/budgets",
    summary="List budgets",
    answers={200: BudgetPage},
    refusals=LIST_REFUSALS,
    security=access.READ,
)
def list_budgets(limit: Limit = 100, after: Next = None, state: WithState = False) -> Response[str]:
    """Budgets in the order of their ids, a page at a time."""
    page, more = crud.page_of("budgets", limit, after)
    states = _states(each.document for each in page if isinstance(each.document, Budget)) if state else {}
    items = [
        crud.versioned(each, Budget).model_dump() | ({"state": states[each.document.id]} if state else {})
        for each in page
    ]
    return answer({"items": items, "next": more})  # without state where it was not asked for


@api.operation(
    "GET",
    "/budgets/{budget}/state",
    summary="Say what is spent of a budget",
    answers={200: BudgetState},
    refusals=READ_REFUSALS,
    security=access.READ_USAGE,
)
def get_budget_state(budget: SlugPath) -> Response[str]:
    """What is spent of it in the period that runs, what is reserved and what is left.

    A client with `gateway/invoke` alone sees the budgets of its own team: the team's, its models' and its clients'.
    """
    own = own_team(api.caller)
    policy = runtime.get().service.load()
    stored = policy.get("budgets", budget)
    document = stored.document if stored else None
    if own is not None and not (isinstance(document, Budget) and _team_of(document, policy) == own):
        raise errors.forbidden(f"client {api.caller.client_id!r} may read the budgets of team {own!r} only")
    if not isinstance(document, Budget):
        raise errors.not_found("budgets", budget)
    return answer(_states([document])[budget])


crud.register(api, BUDGETS, listed=False)


def _states(budgets: Iterable[Budget]) -> dict[str, BudgetState]:
    ledger = runtime.get().ledger
    if ledger is None:
        raise errors.no_ledger()
    try:
        return states_of(budgets, ledger, time.time())
    except StoreUnavailable as error:
        log.exception("the ledger was not read")
        raise errors.unavailable("the ledger") from error


def _team_of(budget: Budget, policy: State) -> str | None:
    """The team that a budget is about; None: everybody."""
    if budget.client is None:
        return budget.team
    stored = policy.get("clients", budget.client)
    return stored.document.team if stored and isinstance(stored.document, Client) else None
