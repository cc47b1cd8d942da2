"""The first policy of a new deployment. In: what was applied. Out: a snapshot in its bucket, which refuses everybody.

A task serves /healthz when a policy is in force, and not before: without a first one no task would ever become healthy,
and the service would be rolled back. An empty policy has no client, so nothing gets through until teams are made.
"""

import uuid
from typing import Any, Final

from gwctl.admin.service import runtime
from gwctl.admin.service.changes import Actor
from gwctl.admin.service.errors import AdminError
from gwctl.core.errors import UserError
from gwctl.environments.deploy.applied import Applied
from gwctl.environments.deploy.deployed import admin_settings, client_options
from gwctl.environments.terraform.workspace import Target
from gwctl.stores.interfaces import UnavailableError

ACTOR: Final = "gwctl deploy"


def ensure(target: Target, applied: Applied) -> int | None:
    """Publish one if there is none; its version, or None when there was one. Raises UserError: it cannot be done.

    It goes through the store like every change, so it has an audit record.
    """
    providers = target.environment.providers_known
    options: dict[str, Any] = dict(client_options(applied))
    running = runtime.on_aws(admin_settings(applied), providers, **options)
    try:
        if running.snapshots.current() is not None:
            return None
        return running.history.republish(Actor(ACTOR, str(uuid.uuid4()))).state.version
    except (AdminError, UnavailableError) as error:
        raise UserError(
            f"{target.name} is built, but its first policy cannot be published ({error}), and without one no task "
            f"becomes healthy; give your role access to the tables and to the bucket "
            f"{applied.output('snapshot_bucket_name')}, and run `gwctl deploy {target.name}` again"
        ) from error
