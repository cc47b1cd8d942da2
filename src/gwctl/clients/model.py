"""What a client's recipe gets and gives. Pure data; files are read and written by `apply`."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gwctl.core.errors import UserError
from gwctl.core.http_client import LOOPBACK
from gwctl.core.names import Api

SAMPLE_PREFIX = "sample-"
KEY_VARIABLE = "GWCTL_KEY"
TOKEN_VARIABLE = "GWCTL_TOKEN"  # noqa: S105 - the variable's name


@dataclass(frozen=True)
class Gateway:
    """The gateway as a client sees it. `models`: API → the aliases that serve it, for this client's team.

    `token_command` has absolute paths only. `environment` is that of the person who asks. With a `key`, which is a
    virtual key, a client gets that instead of tokens that last for an hour.
    """

    url: str
    token_command: tuple[str, ...]
    models: Mapping[str, Sequence[str]]
    environment: Mapping[str, str]
    chosen_model: str | None = None
    connect_command: str = "gwctl connect"
    """What asked for this, as one pastes it into a shell."""
    key: str | None = field(default=None, repr=False)

    @property
    def openai_url(self) -> str:
        """The base URL of everything that speaks OpenAI's APIs."""
        return f"{self.url}/v1"

    @property
    def token_shell(self) -> str:
        """The token command for a shell."""
        return shlex.join(self.token_command)

    @property
    def credential_shell(self) -> str:
        """The key or a fresh token, for a shell to put in. Never the key itself: it is not to be seen."""
        return f'"${KEY_VARIABLE}"' if self.key else f'"$({self.token_shell})"'

    @property
    def credential_variable(self) -> str:
        """The variable that a configuration file names in the credential's place."""
        return KEY_VARIABLE if self.key else TOKEN_VARIABLE

    @property
    def home(self) -> Path:
        """Where configuration files are."""
        return Path(self.environment.get("HOME") or Path.home())

    @property
    def config(self) -> Path:
        """Where programs that follow the XDG base directory specification have their folder."""
        named = self.environment.get("XDG_CONFIG_HOME")
        return Path(named) if named else self.home / ".config"

    @property
    def is_local(self) -> bool:
        """Whether nothing but this machine reaches it."""
        return urlsplit(self.url).hostname in LOOPBACK

    @property
    def chat_model(self) -> str:
        """The model for a conversation: the chosen one, or a good one. Raises UserError, as `model` does."""
        return self.model("chat", "sonnet", "sol", "gpt")

    @property
    def chat_models(self) -> list[str]:
        """Every alias that can be offered for a conversation."""
        return sorted(self.models.get("chat", ()))

    def model(self, api: str, *preferred: str) -> str:
        """The chosen model; else the first alias that has a preferred word in it; else the first one.

        Real models go before the sample provider's. Raises UserError: no alias serves this API, or not the chosen one.
        """
        served = sorted(self.models.get(api, ()), key=lambda alias: (alias.startswith(SAMPLE_PREFIX), alias))
        if not served:
            raise UserError(f"no model of the policy serves {api}; add a route for one")
        if self.chosen_model:
            if self.chosen_model not in served:
                raise UserError(f"model {self.chosen_model} does not serve {api}; these do: {', '.join(served)}")
            return self.chosen_model
        real = [alias for alias in served if not alias.startswith(SAMPLE_PREFIX)] or served
        for word in (*preferred, f"{SAMPLE_PREFIX}gpt", f"{SAMPLE_PREFIX}claude"):
            for alias in real:
                if word in alias:
                    return alias
        return real[0]

    def first_with(self, api: str, word: str) -> str | None:
        """The first alias of an API that has this word in it."""
        return next((alias for alias in sorted(self.models.get(api, ())) if word in alias), None)


@dataclass(frozen=True)
class Edit:
    """How a configuration file is brought up to date: `merge` makes the new text of the old one, and says what changed.

    `merge` raises UserError when the old text is not what it should be. A `private` file is left to its owner alone.
    """

    path: Path
    merge: Callable[[str], tuple[str, list[str]]]
    private: bool = False


@dataclass(frozen=True)
class Check:
    """The request that a client begins with: which API, which model, and the headers that carry its credential."""

    api: Api
    model: str
    headers: tuple[str, ...] = ("authorization",)


@dataclass(frozen=True)
class Instructions:
    """`text` goes to stdout and is complete as it is, `notes` are for the reader.

    `edit` is what `--write` does, `key_edit` what it does besides when there is a key that the client must find in a
    file. `renews` is whether the client gets itself a new token when one ends: then it needs no key.
    """

    text: str
    check: Check
    notes: Sequence[str] = ()
    edit: Edit | None = field(default=None, repr=False)
    key_edit: Edit | None = field(default=None, repr=False)
    renews: bool = False


Recipe = Callable[[Gateway], Instructions]
