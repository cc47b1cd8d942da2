"""Virtual keys: how one is written, made and recognised.

`gwk_<id>_<secret><checksum>`: ten characters that name it, 43 that are 256 random bits, and six of a checksum by which
a scanner for leaked secrets tells a key from other text. `gwk_<id>` is the key's id in documents, events and errors;
of the whole only its SHA-256 is ever kept.
"""

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import StringConstraints

PREFIX: Final = "gwk_"
_ID_CHARACTERS: Final = string.ascii_lowercase + string.digits
_SECRET_CHARACTERS: Final = string.digits + string.ascii_letters
_ID_LENGTH: Final = 10
_SECRET_LENGTH: Final = 43
"""62 to the power of 43 is more than 2 to the power of 256."""
_CHECKSUM_LENGTH: Final = 6

KEY_LENGTH: Final = len(PREFIX) + _ID_LENGTH + 1 + _SECRET_LENGTH + _CHECKSUM_LENGTH

ID_PATTERN: Final = rf"^{PREFIX}[a-z0-9]{{{_ID_LENGTH}}}$"
KEY_PATTERN: Final = rf"{PREFIX}[a-z0-9]{{{_ID_LENGTH}}}_[0-9A-Za-z]{{{_SECRET_LENGTH + _CHECKSUM_LENGTH}}}"

KeyId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
"""The id of a virtual key. Where a request's client is named, it stands in the client's place."""


@dataclass(frozen=True)
class NewKey:
    """A key that was just made. `text` is the key itself, to be shown once."""

    id: str
    text: str = field(repr=False)

    @property
    def sha256(self) -> str:
        """What is kept of it, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def new_key(key_id: str | None = None) -> NewKey:
    """A new key, or a new secret of the key that has this id."""
    name = key_id or PREFIX + _random(_ID_CHARACTERS, _ID_LENGTH)
    text = f"{name}_{_random(_SECRET_CHARACTERS, _SECRET_LENGTH)}"
    return NewKey(name, text + _checksum(text))


def is_key(text: str) -> bool:
    """Whether this is a whole key, its checksum included. Says nothing about whether a gateway knows it."""
    return bool(re.fullmatch(KEY_PATTERN, text)) and _checksum(text[:-_CHECKSUM_LENGTH]) == text[-_CHECKSUM_LENGTH:]


def key_id_of(text: str) -> str:
    """The id of a whole key."""
    return text[: len(PREFIX) + _ID_LENGTH]


def client_scope(client: str) -> str:
    """The scope of quotas on one client: `key:ID` for a key, `client:ID` for an app client."""
    return f"{'key' if client.startswith(PREFIX) else 'client'}:{client}"


def _random(characters: str, length: int) -> str:
    return "".join(secrets.choice(characters) for _ in range(length))


def _checksum(text: str) -> str:
    """The CRC-32 (ISO 3309, as zlib has it) in base 62, most significant digit first."""
    value, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        value, digit = divmod(value, len(_SECRET_CHARACTERS))
        digits = _SECRET_CHARACTERS[digit] + digits
    return digits
