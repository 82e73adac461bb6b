"""Tenant URLs: common mistakes in one, and similar addresses that may have been meant."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from scimkit.apps.profile import AppProfile
from scimkit.errors import ConfigError

RESOURCES = ("users", "groups", "schemas", "resourcetypes", "serviceproviderconfig")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_NEIGHBOURS = 4
MOST_ALTERNATIVES = 3


def read_tenant_url(url: str) -> str:
    """`url` as an address to which a token may be sent. Raises ConfigError explaining common mistakes.

    A `/Users` at its end is accepted: the test tries with and without it, and its finding names the right address.
    """
    text = url.strip()
    if "<" in text or ">" in text:
        raise ConfigError(
            f"{text} still contains a placeholder", "Replace the part between < and > with your own value."
        )
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ConfigError(f"{text!r} is not an address", "A Tenant URL starts with https:// and a host name.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{text!r} is not an address", "A Tenant URL starts with https:// and a host name.")
    if parts.username or parts.password:
        raise ConfigError(
            "the Tenant URL contains a user name or password", "Remove it. The token is entered separately."
        )
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ConfigError(f"{text} is not https", "A token is sent over https only. Use the https address.")
    return text


def pasted_resource(url: str) -> str:
    """The last part of the path if it is one that Entra appends itself, such as `Users`; otherwise ""."""
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    if last.lower() in RESOURCES:
        return last
    return ""


def without_resource(url: str) -> str:
    """`url` without the resource pasted at its end.

    >>> without_resource("https://scim.example/v2/Users/")
    'https://scim.example/v2'
    """
    parts = urlsplit(url)
    return parts._replace(path=parts.path.rstrip("/").rpartition("/")[0]).geturl()


def neighbours(url: str) -> tuple[str, ...]:
    """Addresses of the same server that may have been meant: without a repeated part, or with a missing `/scim`.

    >>> neighbours("https://host.example/scim/scim")
    ('https://host.example/scim',)
    >>> neighbours("https://host.example")
    ('https://host.example/scim', 'https://host.example/scim/v2', 'https://host.example/v2')
    """
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    slash = ""
    if segments and parts.path.endswith("/"):
        slash = "/"
    paths = dict.fromkeys("/" + "/".join(path) for path in _near(segments) if path != segments)
    return tuple(parts._replace(path=path + slash).geturl() for path in paths)[:MOST_NEIGHBOURS]


def _near(segments: list[str]) -> Iterator[list[str]]:
    names = [segment.lower() for segment in segments]
    for length in range(len(names) // 2, 0, -1):
        for start in range(len(names) - 2 * length + 1):
            if names[start : start + length] == names[start + length : start + 2 * length]:
                yield segments[:start] + segments[start + length :]
    if "scim" not in names:
        yield [*segments, "scim"]
        if names[-1:] == ["v2"]:
            yield [*segments[:-1], "scim", "v2"]
        else:
            yield [*segments, "scim", "v2"]
            yield [*segments, "v2"]
    elif names[-1] == "scim":
        yield [*segments, "v2"]


def alternatives(app: AppProfile | None, url: str) -> tuple[str, ...]:
    """The profile's other Tenant URLs: the only places besides `url` to which its token may be sent."""
    if app is None:
        return ()
    known = [str(value.value) for value in app.tenant_url.values]
    whole = [address for address in known if "<" not in address and not same_address(address, url)]
    if urlsplit(url).hostname in LOOPBACK:  # the sandbox leaves this machine alone
        whole = [address for address in whole if urlsplit(address).hostname in LOOPBACK]
    return tuple(whole[:MOST_ALTERNATIVES])


def same_address(one: str, other: str) -> bool:
    """Whether two addresses are the same, apart from flags and a slash at the end."""
    left, right = urlsplit(one), urlsplit(other)
    return (left.scheme, left.netloc.lower(), left.path.rstrip("/")) == (
        right.scheme,
        right.netloc.lower(),
        right.path.rstrip("/"),
    )


def with_flags(address: str, url: str) -> str:
    """`address` with the behaviour flags of `url`."""
    query = urlsplit(url).query
    if query:
        return f"{address}?{query}"
    return address
