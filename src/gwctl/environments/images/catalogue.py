"""`images/images.yaml`: the images of a deployment. In: the file. Out: each image's repository, tag and digest.

A digest is written back as one line, so that the comments of the file stay.
"""

import re
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from gwctl.core.errors import UserError
from gwctl.core.files import write_atomically

DIGEST: Final = r"sha256:[0-9a-f]{64}"
CONTAINERS: Final = ("collector", "edge", "gateway")
"""The images that a deployment takes from upstream, by the names of their containers."""

Digest = Annotated[str, StringConstraints(pattern=f"^{DIGEST}$")]


class Image(BaseModel):
    """One image: where it is, what it is called there, and what was there when somebody looked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repository: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.:-]+/[a-z0-9._/-]+$")]
    """Registry and path, for example `docker.io/envoyproxy/envoy`."""
    tag: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")]
    digest: Digest | None
    """Of the index for all platforms; None until somebody has asked the registry."""


_FILE: Final = TypeAdapter(dict[str, Image])


def load(path: Path) -> dict[str, Image]:
    """The images by name. Raises UserError: the file is missing or says something else."""
    try:
        return _FILE.validate_python(yaml.safe_load(path.read_text()))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); run this in a checkout of gwctl") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path} is no YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: {where}: {first['msg']}; correct it") from error


def pinned(images: dict[str, Image], name: str) -> str:
    """The digest of an image. Raises UserError: there is no such image, or nobody has looked it up yet."""
    image = images.get(name)
    if image is None:
        raise UserError(f"there is no image {name}; known are {', '.join(images)}")
    if image.digest is None:
        raise UserError(f"{name} {image.tag} is not pinned; run `gwctl images refresh {name}` and review the digest")
    return image.digest


def write_digest(path: Path, name: str, digest: str) -> None:
    """Put a digest into the file; the rest of it stays as it is, to the byte."""
    before = path.read_text()
    block = re.compile(rf"(?m)^({re.escape(name)}:\n(?:[ #].*\n)*?  digest: )\S+$")
    after, count = block.subn(rf"\g<1>{digest}", before)
    if count != 1:
        raise UserError(f"{path} has no line `digest:` below {name}; add one")
    write_atomically(path, after.encode(), mode=0o644)
