"""The kinds of policy documents that the admin API stores: their sections, words and paths. Imports nothing heavy.

The API's operations, `gwctl`'s commands and every message about a document are made from these seven declarations.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args
from urllib.parse import quote

Section = Literal["routes", "teams", "clients", "keys", "budgets", "scanner", "pricing"]
"""Providers are not among them: they belong to the deployment."""

SECTIONS: Final[tuple[Section, ...]] = get_args(Section)


@dataclass(frozen=True)
class Kind:
    """One kind. `section` is its name in policy files, `command` the group of gwctl, `path` where the API has one."""

    section: Section
    noun: str
    plural: str
    command: str
    path: str

    @property
    def parameters(self) -> list[str]:
        """The names of the path's parameters."""
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def collection(self) -> str:
        """The path of the list of them; of clients, there is one in each team."""
        return self.path.partition("/{" + self.parameters[-len(self.fields)] + "}")[0]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a document that are its id."""
        return ("provider", "model") if self.section == "pricing" else ("id",)

    def path_of(self, document_id: str, team: str = "") -> str:
        """The path of a document. `team` is that of a client."""
        parts = document_id.split("/", len(self.fields) - 1)
        values = dict(zip(self.parameters[-len(self.fields) :], parts, strict=False))
        return re.sub(r"\{(\w+)\}", lambda match: quote(values.get(match[1], team), safe=""), self.path)


ROUTING: Final = Kind("routes", "route", "routes", "routing", "/routing/{alias}")
TEAMS: Final = Kind("teams", "team", "teams", "teams", "/teams/{team}")
CLIENTS: Final = Kind("clients", "client", "clients", "teams clients", "/teams/{team}/clients/{client}")
KEYS: Final = Kind("keys", "key", "keys", "keys", "/keys/{key}")
BUDGETS: Final = Kind("budgets", "budget", "budgets", "budgets", "/budgets/{budget}")
SCANNER: Final = Kind("scanner", "scanner rule", "scanner rules", "scanner", "/scanner/{rule}")
PRICING: Final = Kind("pricing", "price", "prices", "pricing", "/pricing/{provider}/{model}")

KINDS: Final = (ROUTING, TEAMS, CLIENTS, KEYS, BUDGETS, SCANNER, PRICING)
"""In the order of the sections."""

BY_SECTION: Final[Mapping[str, Kind]] = {kind.section: kind for kind in KINDS}
