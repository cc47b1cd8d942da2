"""The coding agents of tests/clients/package.json: real programs, run once each with a prompt.

In: a home that `gwctl connect … --write` has configured, a prompt. Out: what the program printed, its exit code, and
every host beyond loopback that it tried to reach. All of them are told to send no telemetry and to look for no
updates; the switches are here, so that a reader can copy them.
"""

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.environment import BIN, clean_environment
from support.requirements import require
from support.servers.dead_end_proxy import DeadEndProxy

MODULES = Path(__file__).with_name("node_modules")
RUN_SECONDS = 60


@dataclass(frozen=True)
class Run:
    """A program that has ended."""

    returncode: int
    stdout: str
    stderr: str
    contacted: Sequence[str]
    """`host:port` of everything it tried to reach that is not on loopback."""

    @property
    def said(self) -> str:
        """All its output, for the message of a failed assertion."""
        return f"exit code {self.returncode}\n{self.stdout}\n{self.stderr}"

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its output as JSON lines."""
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]


@dataclass(frozen=True)
class Tokens:
    """What a program says it used in its last turn; cached input is in `input`."""

    input: int
    output: int


@dataclass(frozen=True)
class ClaudeCode:
    """Claude Code, `claude -p`."""

    name: str = "claude-code"
    api: str = "messages"

    def ask(self, prompt: str, home: Path, variables: Mapping[str, str], model: str | None = None) -> Run:
        """Prints the stream of the API as JSON lines."""
        # npm ran no install script, so bin/claude.exe is a placeholder; this launcher is made for that case.
        launcher = _installed("@anthropic-ai/claude-code/cli-wrapper.cjs")
        options = ["--output-format", "stream-json", "--verbose", "--include-partial-messages"]
        chosen = ["--model", model] if model else []
        quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
        return _run([BIN / "node", launcher, "-p", *options, *chosen, prompt], home, {**variables, **quiet})

    def answer(self, run: Run) -> str:
        """The final answer."""
        return run.lines[-1]["result"]

    def tokens(self, run: Run) -> Tokens:
        """Anthropic counts cached tokens beside the others."""
        usage = run.lines[-1]["usage"]
        cached = usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
        return Tokens(usage["input_tokens"] + cached, usage["output_tokens"])

    def pieces(self, run: Run) -> list[str]:
        """The answer as it arrived."""
        events = [line["event"] for line in run.lines if line["type"] == "stream_event"]
        return [event["delta"]["text"] for event in events if event.get("delta", {}).get("type") == "text_delta"]


@dataclass(frozen=True)
class Codex:
    """Codex, `codex exec`."""

    name: str = "codex"
    api: str = "responses"

    def ask(self, prompt: str, home: Path, variables: Mapping[str, str], model: str | None = None) -> Run:
        """Prints events as JSON lines."""
        launcher = _installed("@openai/codex/bin/codex.js")
        # With plugins on, it fetches their catalogue from github.com and chatgpt.com at every start.
        quiet = ("analytics.enabled=false", "features.plugins=false", "check_for_update_on_startup=false")
        options = ["--json", "--skip-git-repo-check", *(word for each in quiet for word in ("-c", each))]
        chosen = ["--model", model] if model else []
        return _run([BIN / "node", launcher, "exec", *options, *chosen, prompt], home, variables)

    def answer(self, run: Run) -> str:
        """The final answer."""
        items = [line["item"] for line in run.lines if line["type"] == "item.completed"]
        return "".join(item["text"] for item in items if item["type"] == "agent_message")

    def tokens(self, run: Run) -> Tokens:
        """OpenAI counts cached tokens inside the others."""
        usage = run.lines[-1]["usage"]
        return Tokens(usage["input_tokens"], usage["output_tokens"])


@dataclass(frozen=True)
class OpenCode:
    """OpenCode, `opencode run`."""

    name: str = "opencode"
    api: str = "chat"

    def ask(self, prompt: str, home: Path, variables: Mapping[str, str], model: str | None = None) -> Run:
        """Prints events as JSON lines."""
        # What the launcher opencode-ai would start; see package.json.
        binary = _installed("opencode-linux-x64/bin/opencode")
        self._pretend_plugin_is_installed(home)
        chosen = ["--model", f"gwctl/{model}"] if model else []
        # It knows the models of its configuration only; this adds one.
        known = {"provider": {"gwctl": {"models": {model: {}}}}} if model else {}
        settings = {
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_SHARE": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "OPENCODE_CONFIG_CONTENT": json.dumps(known),
        }
        return _run([binary, "run", "--format", "json", *chosen, prompt], home, {**variables, **settings})

    def answer(self, run: Run) -> str:
        """The final answer."""
        return "".join(line["part"]["text"] for line in run.lines if line["type"] == "text")

    def tokens(self, run: Run) -> Tokens:
        """It shows cached tokens beside the others, and nothing of the request that makes up a title."""
        used = run.lines[-1]["part"]["tokens"]
        return Tokens(used["input"] + used["cache"]["read"] + used["cache"]["write"], used["output"])

    def _pretend_plugin_is_installed(self, home: Path) -> None:
        """No variable keeps it from installing its plugin package from npm into its configuration folder."""
        folder = home / ".config" / "opencode"
        (folder / "node_modules").mkdir(parents=True, exist_ok=True)
        lock = {"packages": {"": {"dependencies": {"@opencode-ai/plugin": "*"}}}}
        (folder / "package-lock.json").write_text(json.dumps(lock))


Program = ClaudeCode | Codex | OpenCode


def _installed(path: str) -> Path:
    found = MODULES / path
    require(found.exists(), f"tests/clients/node_modules/{path}; run `make setup`")
    return found


def _run(command: Sequence[str | Path], home: Path, variables: Mapping[str, str]) -> Run:
    folder = home / "work"
    folder.mkdir(exist_ok=True)
    with DeadEndProxy() as proxy:
        process = subprocess.Popen(
            command,
            env={**clean_environment(home), **proxy.environment(), **variables},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        try:
            stdout, stderr = process.communicate(timeout=RUN_SECONDS)
        finally:
            # What it started in the background, and itself if it hangs.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return Run(process.returncode, stdout, stderr, list(proxy.tried))
