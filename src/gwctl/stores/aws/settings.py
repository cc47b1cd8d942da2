"""What the stores of a deployment are called. Terraform chooses the names, and tells the admin API and the agent."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from gwctl.core import scopes

SETTINGS: Final = "GWCTL_ADMIN_SETTINGS"
CURRENT: Final = "current.json"


class SettingsError(Exception):
    """The environment does not say what the admin API needs, or says it wrongly."""


class SnapshotPlace(BaseModel):
    """The bucket of the policy snapshots, and the key of the one in force."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bucket: str
    key: str = CURRENT


class Tables(BaseModel):
    """Names of tables. Without `ledger` the API cannot say what is spent of a budget."""

    model_config = ConfigDict(frozen=True)

    documents: str
    audit: str
    usage: str
    ledger: str | None = None


class Settings(BaseModel):
    """What `GWCTL_ADMIN_SETTINGS` says. Fields for other parts of the deployment may stand beside these."""

    model_config = ConfigDict(frozen=True)

    deployment: str
    scope_prefix: str = scopes.RESOURCE_SERVER
    snapshot: SnapshotPlace
    tables: Tables
    user_pool_id: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises SettingsError."""
        try:
            return cls.model_validate_json(environment.get(SETTINGS, ""))
        except ValidationError as error:
            raise SettingsError(f"{SETTINGS}: {error}") from error
