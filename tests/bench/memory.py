"""What the sandbox's process holds once thousands of people have accounts at a vendor."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import httpx
import psutil

from scimkit.sandbox import sandbox_token
from scimkit.sandbox.process import SandboxAddress, ensure_sandbox, stop, wait
from tests.bench.measure import Measure

APP = "oreilly"
ACCOUNTS = 5_000
PEOPLE = 5_250  # one in 25 is blocked and gets no account, nor do a few who lack a mail or a surname
LIMIT_MB = 250.0
MB = 1_000_000


def measure_memory() -> Measure:
    """Resident megabytes of a sandbox whose first cycle has made an account for everybody."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        address = ensure_sandbox(name, app=APP, people=PEOPLE)
        try:
            process = psutil.Process(json.loads(Path(name, "sandbox.json").read_text(encoding="utf-8"))["pid"])
            before = resident(process)
            accounts = provision_everybody(address)
            if accounts < ACCOUNTS:
                raise RuntimeError(f"only {accounts} of {PEOPLE} people have an account at the vendor")
            notes = {"accounts": accounts, "empty_mb": round(before, 1)}
            peak = peak_of(process)
            return Measure(
                "memory",
                (round(resident(process), 1),),
                LIMIT_MB,
                "MB",
                notes | ({"peak_mb": round(peak, 1)} if peak else {}),
            )
        finally:
            stop(address)


def provision_everybody(address: SandboxAddress) -> int:
    """Make the app and its job, switch it on for all people, let its first cycle run. The number of accounts then."""
    with _client(address.graph_url, address.seed, "graph") as graph:

        def ask(method: str, path: str, body: Any = None) -> Any:
            answer = graph.request(method, path, json=body)
            answer.raise_for_status()
            if answer.content:
                return answer.json()
            return None

        template = ask("GET", "applicationTemplates?$filter=startswith(displayName,'O''Reilly')")["value"][0]["id"]
        made = ask("POST", f"applicationTemplates/{template}/instantiate", {"displayName": "Learning"})
        wait(address, 10)  # it takes a moment until Graph can read what it has made
        base = f"servicePrincipals/{made['servicePrincipal']['id']}/synchronization"
        kind = ask("GET", f"{base}/templates")["value"][0]["id"]
        job = ask("POST", f"{base}/jobs", {"templateId": kind})["id"]
        secrets = {
            "BaseAddress": address.scim_urls[APP],
            "SecretToken": sandbox_token(address.seed, APP),
            "SyncAll": "true",
        }
        ask("PUT", f"{base}/secrets", {"value": [{"key": key, "value": value} for key, value in secrets.items()]})
        ask("POST", f"{base}/jobs/{job}/start")
        wait(address, 60)  # the cycle runs, however long it takes
    with _client(address.scim_urls[APP], address.seed, APP) as vendor:
        answer = vendor.get("Users?startIndex=1&count=1")
        answer.raise_for_status()
        return int(answer.json()["totalResults"])


def _client(url: str, seed: int, audience: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {sandbox_token(seed, audience)}"}
    return httpx.Client(base_url=url + "/", headers=headers, timeout=120, trust_env=False)


def resident(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / MB


def peak_of(process: psutil.Process) -> float | None:
    """The most it ever held; None where the system does not tell."""
    windows = getattr(process.memory_info(), "peak_wset", None)
    if windows is not None:
        return float(windows) / MB
    try:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    if found:
        return int(found[1]) * 1024 / MB
    return None
