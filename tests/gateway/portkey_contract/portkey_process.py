"""Portkey as a process, and a client for it. In: node options, a config, a request. Out: the answer."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import httpx

from gateway.portkey_contract.recipes import BODIES, PATHS, Config
from gwctl.local.supervisor.programs import find_programs
from support.ports import free_port
from support.processes import Process, listening, start


class Portkey:
    """A running Portkey and a client for it. Use it as a context manager."""

    def __init__(self, *node_options: str, env: Mapping[str, str] | None = None, port: int | None = None):
        self.port = port or free_port()
        programs = find_programs()
        self._command = [programs.node, *node_options, programs.portkey, "--headless", f"--port={self.port}"]
        self._env = env
        self.process: Process = self._start()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=5, trust_env=False)

    def _start(self) -> Process:
        return start(self._command, ready=lambda: listening(self.port), env=self._env)

    def kill_and_start(self) -> None:
        """As a supervisor would after a crash."""
        self.process.stop(grace=0)
        self.process = self._start()

    def ask(
        self,
        api: str,
        config: Config | None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request to an API, or to a path; without a body, a short one that the API understands."""
        sent = body if body is not None else BODIES[api]
        return self.client.post(PATHS.get(api, api), json=sent, headers={**_config_header(config), **(headers or {})})

    def stream(
        self, api: str, config: Config, body: Mapping[str, Any] | None = None
    ) -> AbstractContextManager[httpx.Response]:
        """Start a streamed request; read it piece by piece."""
        sent = {**(body if body is not None else BODIES[api]), "stream": True}
        return self.client.stream("POST", PATHS[api], json=sent, headers=_config_header(config))

    def __enter__(self) -> "Portkey":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.stop()


def _config_header(config: Config | None) -> dict[str, str]:
    return {} if config is None else {"x-portkey-config": json.dumps(config)}


def events(answer: httpx.Response) -> Sequence[str]:
    """The `data:` lines of a streamed answer."""
    return [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
