"""scimkit.toml and the handles: wrong files are refused by name, and nothing secret is repeated."""

from dataclasses import replace

import pytest

from scimkit.errors import ConfigError, ScimkitError
from scimkit.tenant import SANDBOX_ORIGIN, Access, AppValues, Config, Tenant, find_config, load_config

GOOD = """
[tenants.contoso]
tenant_id = "contoso.onmicrosoft.com"
environment = "test"
writes = "ask"
sign_in = "access_token"
secret_ref = "env:GRAPH_TOKEN"
[apps.oreilly]
seats = 200
notification_email = "identity@contoso.com"
"""


@pytest.fixture(autouse=True)
def nothing_else_is_configured(monkeypatch, tmp_path):
    monkeypatch.delenv("SCIMKIT_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    monkeypatch.chdir(tmp_path)


def write(folder, text):
    (folder / "scimkit.toml").write_text(text, encoding="utf-8")
    return str(folder / "scimkit.toml")


def test_a_good_file(tmp_path):
    """Tenants and an app's values are read as they stand; what is not said has its default."""
    config = load_config(write(tmp_path, GOOD))

    assert config.tenant("contoso") == Tenant(
        "contoso", "contoso.onmicrosoft.com", "test", "ask", sign_in="access_token", secret_ref="env:GRAPH_TOKEN"
    )
    assert (config.app("oreilly").seats, config.app("unknown")) == (200, AppValues())
    assert "TEST" in config.tenant("contoso").banner()
    assert "confirmed" in config.tenant("contoso").banner()
    assert "read only" in replace(config.tenant("contoso"), writes="never").banner()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tenants.contoso", "cannot be read"),
        ("tenants = 5", "must contain tables"),
        ("[tenants]\ncontoso = 1", "must contain tables"),
        ("[tenant.contoso]", "unknown key tenant"),
        ('[tenants.contoso]\nwrites = "always"', "writes is 'always'"),
        ("[tenants.contoso]\nwrites = true", "must be text"),
        ('[tenants.contoso]\nenviroment = "test"', "unknown key enviroment"),
        ('[tenants.contoso]\npoll_seconds = "5"', "must be a whole number"),
        ("[tenants.contoso]\npoll_seconds = true", "must be a whole number"),
        ("[tenants.contoso]\npoll_seconds = 0", "poll_seconds is 0"),
        ("[tenants.contoso]\npoll_seconds = 3600", "poll_seconds is 3600"),
        ("[apps.oreilly]\nseats = -1", "seats is -1"),
        ('[tenants.contoso]\nname = "x"', "unknown key name"),
        ("[tenants.sandbox]", "built in"),
        ('[tenants."../../x"]', "is not a name"),
        ('[tenants."a b"]', "is not a name"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, text, words):
    """What is wrong, in which file and key, and what is allowed: exit code 2."""
    with pytest.raises(ConfigError, match=words) as caught:
        load_config(write(tmp_path, text))

    assert "scimkit.toml" in caught.value.message
    assert caught.value.remedy
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "line",
    [
        'secret_ref = "planted-secret-0123456789"',
        'client_secret = "planted-secret-0123456789"',
        'client_id = "a"\nsecret = "planted-secret-0123456789"',
    ],
)
def test_a_secret_in_the_file_is_not_repeated(tmp_path, line):
    """Somebody who writes the secret itself is told so, without it."""
    with pytest.raises(ScimkitError) as caught:
        load_config(write(tmp_path, f"[tenants.contoso]\n{line}"))
    assert "planted" not in caught.value.message + caught.value.remedy
    assert caught.value.exit_code == 2


def test_no_text_at_all(tmp_path):
    """A file in another encoding cannot be read, and that is said."""
    (tmp_path / "scimkit.toml").write_bytes(b"\xff\xfe[")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config()


@pytest.mark.parametrize(
    ("name", "words"), [("contosso", "known: sandbox, contoso"), ("portal", "not available yet"), ("", "no tenant ''")]
)
def test_an_unknown_tenant(tmp_path, name, words):
    """A tenant that is not there is refused with those that are."""
    with pytest.raises(ConfigError, match=words):
        load_config(write(tmp_path, GOOD)).tenant(name)


@pytest.mark.parametrize(
    ("section", "current", "likely"),
    [
        ("oreily", "oreilly", "oreilly"),
        ("O-Reilly", "oreilly", "oreilly"),
        ("cloudacademy", "oreilly", "cloud-academy"),
        ("linkedin", "oreilly", "linkedin-learning"),
        ("linkedin_learning", "oreilly", "linkedin-learning"),
        ("my-lerning", "my-learning", "my-learning"),
    ],
)
def test_a_misspelled_app_is_refused(tmp_path, section, current, likely):
    """A section near an app's name would be read by nobody: refused with file, section and the likely name."""
    with pytest.raises(ConfigError, match=rf"scimkit.toml: \[apps.{section}\]") as caught:
        load_config(write(tmp_path, f"[apps.{section}]\nseats = 5")).check_apps(current)
    assert f"[apps.{likely}]" in caught.value.remedy
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("section", "current"),
    [
        ("oreilly", "thrive-lxp"),
        ("oreilly-test", "oreilly"),
        ("oreilly2", "oreilly"),
        ("salesforce", "oreilly"),
        ("oreily", "oreily"),
        ("x", "oreilly"),
    ],
)
def test_sections_of_other_apps_are_allowed(tmp_path, section, current):
    """Shipped names, the current app's own name whatever it is like, and names of their own."""
    load_config(write(tmp_path, f"[apps.{section}]\nseats = 5")).check_apps(current)


def test_where_the_file_is_found(tmp_path, monkeypatch):
    """The one that is named wins and must exist; then the working folder upwards; a folder of that name does not
    count."""
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)

    assert find_config(start=deep) is None

    (deep / "scimkit.toml").mkdir()
    write(tmp_path, GOOD)

    assert find_config(start=deep) == tmp_path / "scimkit.toml"

    monkeypatch.setenv("SCIMKIT_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(ConfigError, match="does not exist"):
        find_config()

    assert find_config(write(tmp_path / "a", GOOD)) == tmp_path / "a" / "scimkit.toml"


def test_the_sandbox_without_its_port(office):
    """Addresses of the sandbox stand in records without the port, so that outputs can be compared."""
    access = Access(Config().tenant("sandbox"), office.app, office.run, step="5a_connection")
    access.__dict__["sandbox"] = office.address  # the one that lives

    assert access.shown(access.tenant_url()).startswith(f"{SANDBOX_ORIGIN}/")
    assert access.tenant_url("https://elsewhere.example/scim") == office.address.scim_urls["oreilly"]


@pytest.mark.parametrize(
    ("values", "chosen", "url"),
    [
        (AppValues(), "", "profile"),
        (AppValues(tenant_url="https://mine.example/scim"), "", "https://mine.example/scim"),
        (AppValues(tenant_url="https://mine.example/scim"), "https://now.example/scim", "https://now.example/scim"),
    ],
    ids=["profile", "scimkit.toml", "entered"],
)
def test_the_address_of_a_live_app(office, values, chosen, url):
    """What is entered wins over scimkit.toml, which wins over the profile."""
    access = Access(Tenant("contoso"), office.app, office.run, step="5a_connection", values=values)
    assert access.tenant_url(chosen) == (str(office.app.tenant_url.values[0].value) if url == "profile" else url)


def test_the_sandbox_token_is_good_there_only(office):
    """In a live tenant the reference `sandbox` is refused."""
    with pytest.raises(ScimkitError, match="sandbox"):
        Access(Tenant("contoso"), office.app, office.run, step="2_token").token("sandbox")


def test_run_log_lines_name_no_port(office):
    """A request is one line of run.log: step, method, path, outcome."""
    access = Access(Tenant("contoso"), office.app, office.run, step="3_app")
    access._log(
        {"method": "GET", "path": "/v1.0/me", "status": 200, "seconds": 0.25, "attempt": 2, "request_id": "r-1"}
    )
    assert (
        office.run.read("run.log").rstrip().endswith("3_app: GET /v1.0/me -> 200 in 0.250 s, attempt 2, request id r-1")
    )
