"""Which source of providers' credentials an agent has. In: settings. Out: the one in Secrets Manager, or none.

Nothing of AWS is imported where the credentials are in a file.
"""

from typing import TYPE_CHECKING

from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import StatusFile

if TYPE_CHECKING:
    from gwctl.agent.policy.provider_secrets import ProviderSecrets


def secrets_of(settings: AgentSettings, status: StatusFile) -> "ProviderSecrets | None":
    """None: they are in the file that `settings.secrets_path` names."""
    if settings.secrets_path is not None:
        return None
    from gwctl.agent.policy.provider_secrets import ProviderSecrets

    return ProviderSecrets(settings, status)
