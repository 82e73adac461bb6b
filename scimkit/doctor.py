"""What this machine provides, checked before anyone is blamed."""

from __future__ import annotations

import os
import platform
from importlib import metadata

from scimkit.errors import ScimkitError
from scimkit.evidence.checks import Check, failed, passed, warning

NEEDED = ("jupyterlab", "papermill", "httpx", "msal", "ipywidgets", "pandas", "scim2-server")
PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def examine() -> tuple[Check, ...]:
    """Python, packages, kernel, keyring, configuration and proxy, one finding each."""
    return (_python(), *_packages(), _kernel(), _keyring(), _config(), _proxy())


def _python() -> Check:
    version = platform.python_version()
    return passed("doctor.python", f"Python {version} on {platform.system()}")


def _packages() -> tuple[Check, ...]:
    missing = []
    for name in NEEDED:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return (
            failed("doctor.packages", f"not installed: {', '.join(missing)}", "Run: pip install -r requirements.txt"),
        )
    return (passed("doctor.packages", ", ".join(f"{name} {metadata.version(name)}" for name in NEEDED)),)


def _kernel() -> Check:
    from jupyter_client.kernelspec import find_kernel_specs

    if "python3" not in find_kernel_specs():
        return failed(
            "doctor.kernel",
            "there is no Jupyter kernel called python3",
            "Run: python -m ipykernel install --sys-prefix --name python3",
        )
    return passed("doctor.kernel", "the kernel python3 is installed")


def _keyring() -> Check:
    from scimkit.credentials.places import has_keyring

    if has_keyring():
        return passed("doctor.keyring", "a keyring is available: tokens can be stored as keyring:NAME")
    return warning(
        "doctor.keyring",
        "this machine has no keyring",
        "Store tokens in an environment variable (env:NAME) or a file (file:PATH).",
    )


def _config() -> Check:
    from scimkit.tenant import load_config

    try:
        config = load_config()
    except ScimkitError as error:
        return failed("doctor.config", error.message, error.remedy)
    if not config.file:
        return passed("doctor.config", "no scimkit.toml: sandbox only")
    tenants = (
        ", ".join(f"{t.name} ({t.environment}, writes {t.writes})" for t in config.tenants.values()) or "no tenant"
    )
    return passed("doctor.config", f"{config.file}: {tenants}")


def _proxy() -> Check:
    named = [name for name in PROXIES if os.environ.get(name)]
    if named:
        return passed("doctor.proxy", f"requests go through the proxy of {named[0]}")
    return passed("doctor.proxy", "no proxy is set")
