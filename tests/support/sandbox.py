"""Starts the stand-in Megaphone as its own process and talks to its control endpoint.

Use it as a context manager. Starting again with the same ``tmp_path`` continues the same state.
"""

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

REPOSITORY = Path(__file__).resolve().parents[2]
TOKEN = "sandbox"
READY = "sandbox ready "
# A busy machine takes its time; only what fails waits for so long.
PATIENCE = 90.0


class Sandbox:
    """A running stand-in server. ``base_url`` ends in ``/api``, ``root_url`` does not."""

    def __init__(
        self, process: subprocess.Popen[bytes], root_url: str, organization: str, token: str
    ) -> None:
        self.process = process
        self.root_url = root_url
        self.base_url = f"{root_url}/api"
        self.organization = organization
        self.token = token
        self.port = int(root_url.rsplit(":", 1)[1])
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def organization_url(self) -> str:
        return f"{self.base_url}/organizations/{self.organization}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f'Token token="{self.token}"'}

    def control(self, method: str, path: str, json: object = None) -> Any:
        """Call ``/control/<path>`` and return its JSON; an error answer is an AssertionError."""
        answer = self._session.request(
            method, f"{self.root_url}/control/{path.lstrip('/')}", json=json, timeout=PATIENCE
        )
        assert answer.ok, f"{method} /control/{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def fault(self, rule: Mapping[str, object]) -> int:
        """Add one fault rule; returns its number."""
        number = self.control("POST", "faults", dict(rule))["faults"][0]["id"]
        assert isinstance(number, int)
        return number

    def clear_faults(self) -> None:
        self.control("DELETE", "faults")

    def settings(self, **values: object) -> dict[str, Any]:
        """Change switches such as ``latency_ms`` or ``post_status``; returns all of them."""
        answer = self.control("PUT", "settings", values)
        assert isinstance(answer, dict)
        return answer

    def applied_writes(self) -> list[dict[str, Any]]:
        """Every write that took effect, oldest first, whether or not its answer arrived."""
        writes = self.control("GET", "applied-writes")["writes"]
        assert isinstance(writes, list)
        return writes

    def requests(self) -> list[dict[str, Any]]:
        """The requests to the v1 paths, oldest first."""
        seen = self.control("GET", "requests")["requests"]
        assert isinstance(seen, list)
        return seen

    def stop(self) -> int:
        """Ask it to stop, and wait. Returns the exit status."""
        self._session.close()
        if self.process.poll() is None:
            self.process.terminate()
        return self._reap()

    def kill(self) -> int:
        """End it without a chance to tidy up (SIGKILL)."""
        self._session.close()
        if self.process.poll() is None:
            self.process.kill()
        return self._reap()

    def _reap(self) -> int:
        try:
            status = self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start_sandbox(
    tmp_path: Path,
    *,
    campaigns: int = 60,
    advertisers: int = 12,
    agencies: int = 5,
    requests_per_minute: int = 0,
    control: bool = True,
    token: str = TOKEN,
    organization: str = "2f6ad6b0-5f1c-11f0-8de9-0242ac120002",
    seed: int | None = None,
    port: int = 0,
) -> Sandbox:
    """Start the real process on a free port of 127.0.0.1 and wait until it accepts connections."""
    command = [sys.executable, "-m", "webapp.sandbox", "--port", str(port)]
    command += ["--state", str(tmp_path / "sandbox.db"), f"--token={token}"]
    command += ["--organization", organization, "--campaigns", str(campaigns)]
    command += ["--advertisers", str(advertisers), "--agencies", str(agencies)]
    command += ["--requests-per-minute", str(requests_per_minute)]
    command += ["--control"] if control else []
    command += ["--seed", str(seed)] if seed is not None else []
    errors = tmp_path / "sandbox-errors.txt"
    with errors.open("ab") as stderr:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=stderr, env=dict(os.environ)
        )
    line = _first_line(process, time.monotonic() + PATIENCE)
    if not line.startswith(READY):
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        raise AssertionError(f"the sandbox did not start: {line!r} {errors.read_text()[-2000:]}")
    return Sandbox(process, line.removeprefix(READY).strip(), organization, token)


def _first_line(process: subprocess.Popen[bytes], deadline: float) -> str:
    assert process.stdout is not None
    text = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not text.endswith(b"\n") and time.monotonic() < deadline:
            if not selector.select(timeout=0.2):
                continue
            more = os.read(process.stdout.fileno(), 4096)
            if not more:
                break
            text += more
    return text.decode()
