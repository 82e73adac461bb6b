"""The seconds that the first cycle of a sandbox takes. A script that stands alone and runs on older trees too:

    PYTHONPATH=TREE python -P tests/bench/first_cycle.py [PEOPLE]

It speaks with the sandbox over HTTP alone, and prints one line of JSON: the seconds of the control
call in which the cycle runs, the accounts at the vendor then, and which scimkit it was.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from typing import Any

import httpx

import scimkit
from scimkit.sandbox import sandbox_token
from scimkit.sandbox.process import SandboxAddress, ensure_sandbox, stop, wait

APP = "oreilly"
PEOPLE = 2_000


def first_cycle(address: SandboxAddress) -> tuple[float, int]:
    """Seconds of the first cycle of a new app over everybody, and the accounts there are then."""
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
        token = sandbox_token(address.seed, APP)
        secrets = {"BaseAddress": address.scim_urls[APP], "SecretToken": token, "SyncAll": "true"}
        ask("PUT", f"{base}/secrets", {"value": [{"key": key, "value": value} for key, value in secrets.items()]})
        ask("POST", f"{base}/jobs/{job}/start")
        began = time.perf_counter()
        wait(address, 60)  # the cycle runs, however long it takes
        seconds = time.perf_counter() - began
    with _client(address.scim_urls[APP], address.seed, APP) as vendor:
        answer = vendor.get("Users?startIndex=1&count=1")
        answer.raise_for_status()
        return seconds, int(answer.json()["totalResults"])


def _client(url: str, seed: int, audience: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {sandbox_token(seed, audience)}"}
    return httpx.Client(base_url=url + "/", headers=headers, timeout=120, trust_env=False)


def main() -> None:
    if len(sys.argv) > 1:
        people = int(sys.argv[1])
    else:
        people = PEOPLE
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        address = ensure_sandbox(folder, app=APP, people=people)
        try:
            seconds, accounts = first_cycle(address)
        finally:
            stop(address)
    print(json.dumps({"seconds": round(seconds, 4), "accounts": accounts, "package": scimkit.__file__}))


if __name__ == "__main__":
    main()
