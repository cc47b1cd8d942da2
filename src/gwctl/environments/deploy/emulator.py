"""The emulated AWS of this machine, as a process in the background. In: a checkout. Out: its URL.

One for each checkout; `emulator_server.py` is what runs. What was built in it lives as long as the process.
"""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import psutil

from gwctl.core.errors import UserError
from gwctl.environments.project import Project
from gwctl.environments.terraform.workspace import Target

READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.1
ACCOUNT: Final = "123456789012"
"""moto's account."""


@dataclass(frozen=True)
class Emulator:
    """A running one."""

    url: str
    pid: int
    started: float
    """When the process was made: with its id it is certain that it is this process."""


def current(project: Project) -> Emulator | None:
    """The one that runs, if it does."""
    try:
        known = Emulator(**json.loads(_record(project).read_text(encoding="utf-8")))
        process = psutil.Process(known.pid)
        alive = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        return known if alive and process.create_time() == known.started else None
    except (OSError, ValueError, TypeError, psutil.NoSuchProcess):
        return None


def start(project: Project) -> Emulator:
    """The one that runs, or a new one. Raises UserError: it does not start."""
    running = current(project)
    if running:
        return running
    folder = _folder(project)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    url_file = folder / "url"
    url_file.unlink(missing_ok=True)
    log = folder / "emulator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "gwctl.emulated_aws", "--url-file", str(url_file), "--access-log"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=_environment(),
            start_new_session=True,
        )
    deadline = time.monotonic() + READY_SECONDS
    while not url_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise UserError(f"the emulated AWS does not start; its last words are in {log}: {_last_line(log)}")
        time.sleep(POLL_SECONDS)
    emulator = Emulator(url_file.read_text().strip(), process.pid, psutil.Process(process.pid).create_time())
    _record(project).write_text(json.dumps(emulator.__dict__), encoding="utf-8")
    return emulator


def stop(project: Project) -> bool:
    """Stop it, and with it goes everything built in it; says whether one ran."""
    running = current(project)
    _record(project).unlink(missing_ok=True)
    if not running:
        return False
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(running.pid)
        process.terminate()
        if not _ended(process):
            process.kill()
            _ended(process)
    return True


def _ended(process: psutil.Process) -> bool:
    """Whether it ends in time. A zombie has ended, though psutil would wait for it."""
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(POLL_SECONDS)
    return False


def furnish(target: Target) -> None:
    """Put into it what an account has before the first deploy: the certificate that the environment names.

    An ALB's listener asks for one that exists. IAM's server certificates are the kind whose ARN has no random part.
    """
    arn = target.environment.alb.certificate_arn or ""
    prefix = f"arn:aws:iam::{ACCOUNT}:server-certificate/"
    if not arn.startswith(prefix):
        return
    session = boto3.Session("emulated", "emulated", region_name=target.environment.region)
    iam: Any = session.client("iam", endpoint_url=target.endpoint)
    name = arn.removeprefix(prefix)
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        # moto looks at neither; no TLS is spoken there.
        iam.upload_server_certificate(ServerCertificateName=name, CertificateBody="emulated", PrivateKey="emulated")


def _environment() -> dict[str, str]:
    """moto makes clients of its own now and then: none of them may find a real account."""
    from gwctl.environments.terraform.workspace import emulated_credentials

    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    return {**kept, **emulated_credentials("http://127.0.0.1:9")}


def _folder(project: Project) -> Path:
    return project.work / ".emulator"


def _record(project: Project) -> Path:
    return _folder(project) / "emulator.json"


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "(nothing)"
