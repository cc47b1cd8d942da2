"""Container registries, by crane. In: references, and a login. Out: a tag's digest; copies that keep their digest.

crane (https://github.com/google/go-containerregistry) copies every platform of an index, leaves out what the target
has, and refuses content whose digest is not the one that was asked for.
"""

import base64
import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gwctl.core.errors import UserError
from gwctl.environments.project import Project


@dataclass(frozen=True)
class Crane:
    """The program; `config` is the folder of a Docker configuration with logins, by default the user's own."""

    program: str
    config: Path | None = None

    @classmethod
    def find(cls, project: Project) -> "Crane":
        """crane in the checkout or on the PATH. Raises UserError where there is none."""
        found = shutil.which("crane", path=os.pathsep.join([str(project.tools), os.environ.get("PATH", os.defpath)]))
        if found is None:
            raise UserError(
                "there is no crane here, which asks registries and copies images; run `scripts/install-tools crane`"
            )
        return cls(found)

    @contextmanager
    def logged_in(self, host: str, user: str, password: str) -> Iterator["Crane"]:
        """The same with a login, which lies in a file for this user alone until the end."""
        with TemporaryDirectory(prefix="gwctl-login-") as folder:  # made with mode 0700
            login = base64.b64encode(f"{user}:{password}".encode()).decode()
            (Path(folder) / "config.json").write_text(json.dumps({"auths": {host: {"auth": login}}}))
            yield Crane(self.program, Path(folder))

    def digest(self, reference: str) -> str:
        """What a tag stands for: the digest of the index for all platforms. Raises UserError."""
        return self._run("digest", reference).strip()

    def platforms(self, reference: str) -> frozenset[str]:
        """What an image can run on, such as linux/arm64; of an index, what each of its images can. Raises UserError."""
        manifest = json.loads(self._run("manifest", reference))
        if "manifests" in manifest:
            several = (each.get("platform", {}) for each in manifest["manifests"])
        else:
            config = json.loads(self._run("config", reference))
            several = ({"os": config.get("os"), "architecture": config.get("architecture")},)
        return frozenset(f"{each.get('os')}/{each.get('architecture')}" for each in several)

    def push(self, files: Sequence[Path], repository: str, tag: str) -> str:
        """Make one image of what `docker save` wrote for each platform; returns it by digest. Raises UserError."""
        manifests: list[str] = []
        for index, file in enumerate(files):
            with _unpacked(file) as archive:
                manifests += ["--manifest", self._run("push", str(archive), f"{repository}:{tag}-{index}").strip()]
        return self._run("index", "append", *manifests, "--tag", f"{repository}:{tag}").strip()

    def copy(self, source: str, target: str, told: Callable[[str], None] = lambda _: None) -> None:
        """Copy an image, whole; `told` gets crane's lines while it goes on. Raises UserError."""
        self._run("copy", source, target, told=told)

    def _run(self, *arguments: str, told: Callable[[str], None] = lambda _: None) -> str:
        environment = {**os.environ, **({"DOCKER_CONFIG": str(self.config)} if self.config else {})}
        last = ""
        with subprocess.Popen(
            [self.program, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            for line in process.stderr or ():
                last = line.strip() or last
                told(last)
            printed = "".join(process.stdout or ())  # a digest at most, which the pipe holds until now
        if process.returncode:
            raise UserError(
                f"crane {' '.join(arguments)} failed: {last.removeprefix('Error: ')}; try again, or correct it"
            )
        return printed


@contextmanager
def _unpacked(file: Path) -> Iterator[Path]:
    """The archive itself: crane reads none that is compressed."""
    if file.suffix != ".gz":
        yield file
        return
    with TemporaryDirectory(prefix="gwctl-image-") as folder, gzip.open(file) as packed:
        archive = Path(folder) / file.stem
        with archive.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
        yield archive
