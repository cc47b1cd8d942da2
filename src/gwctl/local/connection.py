"""How to reach a gateway: `connection.json`. In: the file. Out: URLs and the credentials of two clients."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from gwctl.core.errors import UserError
from gwctl.local.data_dir import DataDir


@dataclass(frozen=True)
class Connection:
    """URLs without a trailing slash; the client may call models, the admin client may change policy."""

    gateway_url: str
    admin_url: str
    token_url: str
    jwks_url: str
    client_id: str
    client_secret: str = field(repr=False)
    admin_client_id: str
    admin_client_secret: str = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> "Connection":
        """Raises UserError: there is no such file, or it is something else."""
        try:
            document = json.loads(path.read_text())
            return cls(**{each.name: str(document[each.name]) for each in fields(cls)})
        except FileNotFoundError:
            up = DataDir(path.parent).command("up")
            raise UserError(
                f"there is no gateway in {path.parent}; start one with `{up}`, or name its data directory "
                "with --data-dir or GWCTL_DATA_DIR"
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path} cannot be used ({error}); run `gwctl up` to write it anew") from error

    def write(self, path: Path) -> None:
        """Replace the file, readable by the owner alone."""
        from gwctl.core.files import write_atomically

        write_atomically(path, json.dumps(asdict(self), indent=2).encode() + b"\n")
