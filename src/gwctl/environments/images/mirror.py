"""Copies an image by digest from one registry to another. In: both, and a digest. Out: what was copied.

Blobs first, then the manifests that name them, then the index, then the tag: at every moment what is there is whole.
All platforms of an index are copied, so that the copy has the same digest as the original.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from gwctl.core.errors import UserError
from gwctl.environments.images.registry import INDEX_TYPES, MANIFEST_TYPES, Manifest, Registry

DEEPEST: Final = 4
"""Levels of an index; real ones have two."""
IN_MEMORY: Final = 16 * 1024 * 1024
"""Bytes of a blob; larger ones wait on disk."""


@dataclass(frozen=True)
class Place:
    """A repository of a registry."""

    registry: Registry
    repository: str

    def __str__(self) -> str:
        return f"{self.registry.host}/{self.repository}"


@dataclass
class Copied:
    """What a copy did."""

    manifests: int = 0
    blobs: int = 0
    bytes: int = 0
    there_already: int = 0
    digests: list[str] = field(default_factory=list[str])
    """Of every manifest and blob that was looked at, in the order in which the target has them."""


def copy(source: Place, target: Place, digest: str, *, tag: str | None = None, told: Callable[[str], None]) -> Copied:
    """Copy an image; what the target has is left alone. Raises UserError: a registry refused, or content is wrong."""
    done = Copied()
    manifest = _copy_manifest(source, target, digest, done, told, depth=1)
    if tag:
        target.registry.write_manifest(target.repository, manifest, tag=tag)
    return done


def _copy_manifest(
    source: Place, target: Place, digest: str, done: Copied, told: Callable[[str], None], depth: int
) -> Manifest:
    manifest = source.registry.manifest(source.repository, digest)
    if target.registry.has_manifest(target.repository, digest):
        done.there_already += 1
        done.digests.append(digest)
        return manifest
    document = _document(manifest, source)
    if manifest.media_type in INDEX_TYPES:
        if depth == DEEPEST:
            raise UserError(f"{source} {digest} is an index {DEEPEST} levels deep; it is no image")
        for each in document["manifests"]:
            _copy_manifest(source, target, each["digest"], done, told, depth + 1)
    else:
        for each in [*document["layers"], document["config"]]:
            _copy_blob(source, target, each, done, told)
    target.registry.write_manifest(target.repository, manifest)
    done.manifests += 1
    done.digests.append(digest)
    return manifest


def _copy_blob(source: Place, target: Place, descriptor: Any, done: Copied, told: Callable[[str], None]) -> None:
    digest, size = descriptor["digest"], descriptor["size"]
    if digest in done.digests:
        return
    done.digests.append(digest)
    if target.registry.has_blob(target.repository, digest):
        done.there_already += 1
        return
    told(f"{digest[:19]}… {size / 1_000_000:.1f} MB")
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as content:
        source.registry.read_blob(source.repository, digest, size, content)
        target.registry.write_blob(target.repository, digest, content)
    done.blobs += 1
    done.bytes += size


def _document(manifest: Manifest, source: Place) -> Any:
    """A manifest's content. Its digest was right, so what is missing here is missing at upstream."""
    if manifest.media_type not in (*INDEX_TYPES, *MANIFEST_TYPES):
        raise UserError(f"{source} {manifest.digest} is {manifest.media_type or 'of no type'}; that is no image")
    document = json.loads(manifest.content)
    needed = ("manifests",) if manifest.media_type in INDEX_TYPES else ("config", "layers")
    missing = [name for name in needed if name not in document]
    if missing:
        raise UserError(f"{source} {manifest.digest} has no {missing[0]}; that is no image")
    return document
