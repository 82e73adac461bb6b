"""The probe's own parts: its tables hang together, its messages are Entra's, it ends, it cleans up, and it weighs
rightly."""

from __future__ import annotations

import ast
import http.server
import itertools
import json
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest

from scimkit.apps import catalogue, load
from scimkit.clients.scim import ScimClient
from scimkit.compatibility import CAUSES, Mapped, Terms, default_mapped, mapped_for, probe_compatibility
from scimkit.compatibility import causes as cause_tables
from scimkit.compatibility.catalogue import CHECKS
from scimkit.compatibility.endpoint import Endpoint, encode_query
from scimkit.compatibility.findings import find_causes
from scimkit.compatibility.record import BOTH_DIALECTS, CompatibilityRow
from scimkit.compatibility.test_people import Names, full_source, is_ours, sparse_source, special_source, values_of
from scimkit.compatibility.verdict import judge_whole
from scimkit.credentials import Secret
from scimkit.evidence.records import dump_record, load_record
from scimkit.provisioning.dialect import COMPLIANT, DEFAULT, ENTERPRISE_USER, MANAGER
from scimkit.views import to_html, to_text
from tests.compatibility.crooked.defects import TOKEN as CROOKED_TOKEN
from tests.compatibility.crooked.defects import Refused
from tests.compatibility.crooked.server import Server
from tests.compatibility.crooked.world import World

pytestmark = pytest.mark.slow  # whole probes against servers of their own
NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
PACKAGE = Path(cause_tables.__file__).parent
TOKEN = "checks-token-0123456789"


# -- the tables ------------------------------------------------------------------------


def test_there_are_enough_checks():
    """The issue asks for at least sixty distinct ones."""
    assert len(CHECKS) >= 60


def test_every_need_is_a_check_and_needs_form_no_ring():
    """A check is asked for before those that need it can be judged."""
    for spec in CHECKS.values():
        seen, waiting = set(), list(spec.needs)
        while waiting:
            need = waiting.pop()
            assert need in CHECKS, (spec.code, need)
            assert need != spec.code, (spec.code, need)
            if need not in seen:
                seen.add(need)
                waiting += CHECKS[need].needs


def test_every_cause_in_the_code_is_in_the_table_and_the_other_way_round():
    """No cause without words, and no words that nothing can lead to."""
    used = set()
    for path in PACKAGE.glob("*.py"):
        if path.name in ("causes.py", "catalogue.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"compat\.[a-z0-9_]+", node.value)
            ):
                used.add(node.value)

    of_checks = {"compat.verdict", "compat.left_behind", "compat.not_asked"}

    assert used - of_checks == set(CAUSES)


def test_shadows_are_causes():
    """What a cause explains are causes, and none explains itself."""
    for cause in CAUSES.values():
        assert set(cause.explains) <= set(CAUSES)
        assert cause.code not in cause.explains


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
def test_every_cause_says_everything(cause):
    """What it means, for the vendor, for the administrator, from where; in sentences."""
    for text in (cause.title, cause.means, cause.remedy, cause.meanwhile, cause.source):
        assert text.strip() == text
        assert text

    assert cause.means.endswith(".")
    assert cause.remedy.endswith(".")
    assert cause.meanwhile.endswith(".")
    assert not cause.title.endswith(".")
    assert cause.who in ("vendor", "administrator", "both")
    assert cause.breaks in ("fails", "conditional", "advice")
    assert cause.certainty in ("documented", "seen", "unconfirmed")
    assert cause.way in ("", "drop_rows", "create_only", "groups_off", "know")


# -- mapping and people ----------------------------------------------------------------


def test_the_default_mapping_gives_a_whole_person():
    """Every row but the manager has a value for who has everything, and few for who lacks the optional ones."""
    mapped, names = default_mapped(), Names("0123abcd")
    full = values_of(mapped, full_source(names, "1"), now=NOW)

    assert set(full) == set(mapped.targets) - {MANAGER}

    sparse = values_of(mapped, sparse_source(names, "2"), now=NOW, invent=())
    assert {"userName", "active"} <= set(sparse) < set(full)
    assert not any(value == "" for value in sparse.values())

    changed = values_of(mapped, full_source(names, "1", changed=True), now=NOW)
    same = {target for target in full if full[target] == changed[target]}

    assert same == {"userName", "active", "externalId"}


def test_test_people_are_recognisable_and_nobody():
    """By name and by domain; different in each probe and among themselves."""
    names = Names("0123abcd")
    sources = [full_source(names, number) for number in ("1", "2", "o'neil+a")] + [special_source(names, "5")]

    for source in sources:
        assert is_ours(source["userPrincipalName"])
        assert is_ours(source["displayName"])
        assert source["mail"].endswith("@example.com")
    for unique in ("userPrincipalName", "mail", "employeeId", "objectId"):
        assert len({source[unique] for source in sources}) == len(sources)
    assert not is_ours("ada@contoso.example")


@pytest.mark.parametrize("name", [row.name for row in catalogue()])
def test_every_profile_has_a_mapping(name):
    """Rows, matching attributes and groups as the profile says."""
    profile = load(name)
    mapped = mapped_for(profile)

    assert mapped.matching == (profile.matching or ("userName",))
    assert bool(mapped.groups) == (profile.capabilities.groups.value is True)

    values = values_of(mapped, full_source(Names("0123abcd"), "1"), now=NOW)
    assert set(profile.required_targets) <= set(values)


def test_queries_are_written_as_seen_in_traffic():
    """Blanks as +, quotes as %22; and with %20 for who does not read that."""
    params = {"filter": 'userName eq "a+b@c.example"'}
    assert encode_query(params) == "filter=userName+eq+%22a%2Bb%40c.example%22"
    assert encode_query(params, percent=True) == "filter=userName%20eq%20%22a%2Bb%40c.example%22"


# -- what goes over the wire ------------------------------------------------------------


@pytest.fixture(scope="module")
def log(world):
    """Every request of one whole probe, as the server saw it."""
    place = world()
    with place.scim() as scim:
        probe_compatibility(scim, write=True, now=NOW)
    return place.state()["log"]


def operations(log):
    return list(
        chain.from_iterable(json.loads(entry["body"])["Operations"] for entry in log if entry["method"] == "PATCH")
    )


@pytest.mark.parametrize(
    "message",
    [
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "path": "active", "value": False},
        {"op": "Replace", "path": "active", "value": False},
        {"op": "Replace", "path": "active", "value": "True"},
    ],
)
def test_people_are_switched_by_the_published_messages(log, message):
    """Default, flag, and the third form of a published sample."""
    assert message in operations(log)


def test_both_dialects_are_spoken(log):
    """Every form that the compatibility page lists is sent at least once."""
    sent = operations(log)
    assert {"Add", "Replace", "Remove", "add", "replace", "remove"} <= {one["op"] for one in sent}
    assert [
        one for one in sent if (one["op"] == "Remove" and one["path"] == "members" and one["value"][0]["$ref"] is None)
    ]
    assert [
        one
        for one in sent
        if (one["op"] == "remove" and re.fullmatch(r'members\[value eq "[^"]+"\]', one["path"]) and "value" not in one)
    ]

    merged = [one["value"] for one in sent if one["op"] == "replace" and "path" not in one]
    merged = [value for value in merged if "name.givenName" in value]

    keys = list(chain.from_iterable(merged))

    assert [key for key in keys if key.startswith("urn:")]
    assert any(one.get("path") == 'addresses[type eq "work"].streetAddress' for one in sent)
    assert [one for one in sent if (one.get("path") == MANAGER and isinstance(one["value"], str))]


def test_a_group_is_created_without_members_and_with_microsofts_urn(log):
    """Members follow by PATCH."""
    first = next(json.loads(entry["body"]) for entry in log if entry["method"] == "POST" and "/Groups" in entry["path"])
    assert "members" not in first
    assert any("ADSCIM" in urn for urn in first["schemas"])


def test_put_is_never_sent(log):
    """The service is not documented to send it."""
    assert {entry["method"] for entry in log} == {"GET", "POST", "PATCH", "DELETE"}


# -- servers that are none, and one that is lost ----------------------------------------------


@contextmanager
def answering(status, body, media_type="application/scim+json", seconds=0.0):
    """A server that gives one answer to everything; its address, and what it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append(self.command)
            time.sleep(seconds)
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = answer

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/scim", asked
        server.shutdown()


def ask(url, **options):
    with ScimClient(url, Secret(TOKEN)) as scim:
        return probe_compatibility(scim, write=True, now=NOW, **options)


@pytest.mark.parametrize(
    ("status", "body", "media_type", "cause"),
    [
        (200, b"<!doctype html><title>Sign in</title>", "text/html", "not_a_list_response"),
        (200, b"null", "application/json", "not_a_list_response"),
        (200, b'{"broken":', "application/scim+json", "not_a_list_response"),
        (401, b"{}", "application/scim+json", "token_refused"),
        (403, b"{}", "application/scim+json", "token_refused"),
        (500, b"", "text/plain", "server_error"),
    ],
)
def test_where_no_scim_service_answers_nothing_is_written(status, body, media_type, cause):
    """One finding; everything else not reached; not a single POST."""
    with answering(status, body, media_type) as (url, asked):
        found = ask(url)
    assert found.verdict == "fails"
    assert [finding.cause for finding in found.findings] == [f"compat.{cause}"]
    assert set(asked) == {"GET"}
    assert not found.left_behind

    reached = [row for row in found.rows if row.outcome not in ("not_reached", "passed")]
    assert [row.code for row in reached] == ["auth.token"]


def test_without_filters_there_is_one_reason():
    """501 to everything: searching and creating fail, each once."""
    with answering(501, b'{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "501"}') as (url, _):
        found = ask(url)

    assert found.verdict == "fails"
    assert not found.left_behind
    assert {f.cause for f in found.findings if f.breaks == "fails"} == {
        "compat.matching_not_filterable",
        "compat.create_refused",
        "compat.no_groups",
    }


def test_a_server_that_only_throttles_is_not_judged():
    """429 again and again tells nothing about the endpoint."""
    with answering(429, b"") as (url, asked):
        found = ask(url, terms=Terms(deadline_seconds=10))
    assert found.verdict == "unknown"
    assert set(asked) == {"GET"}


def test_a_server_that_hangs_ends_the_probe():
    """The time limit of a request holds, and of the whole."""
    started = time.monotonic()
    with answering(200, b"{}", seconds=5) as (url, _):
        found = ask(url, terms=Terms(request_seconds=0.3, deadline_seconds=3))

    assert time.monotonic() - started < 10
    assert found.verdict != "works"


def test_it_is_no_secret_that_gets_told(world):
    """The token stands nowhere in the record, whatever the endpoint echoes."""
    place = world("html_errors")
    with place.scim() as scim:
        found = probe_compatibility(scim, write=True, now=NOW)
    assert place.token not in dump_record(found, made_utc=NOW, scimkit_version="1")


# -- endpoints with a mind of their own --------------------------------------------------------------


@pytest.fixture(scope="module")
def variant():
    """`variant(patch=…)`: a server that is right but for the given methods; its address and what it holds."""
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    numbers = itertools.count(1)

    def make(*defects, **methods):
        name = f"{'+'.join(defects) or 'plain'}~{next(numbers)}"
        world = server.worlds[name] = type("Variant", (World,), methods)(name, f"{server.url}/{name}/scim/v2")
        return world

    yield make
    server.shutdown()
    server.server_close()


def drop_what_is_not_named(world, kind, id, body):
    """PATCH that keeps identity and the changed attribute, as a PUT would."""
    result = World.patch(world, kind, id, body)
    named = {str(operation.get("path", "")).partition(".")[0] for operation in body["Operations"]}
    resource = world.kept[kind][id]
    for name in set(resource) - named - {"id", "schemas", "times", "userName", "active"} if kind == "Users" else ():
        del resource[name]
    return result


def change_active_only(world, kind, id, body):
    if kind == "Users" and any(operation.get("path") != "active" for operation in body["Operations"]):
        raise Refused(501, "not implemented")
    return World.patch(world, kind, id, body)


def insist_on_mail(world, kind, body):
    if kind == "Users" and not body.get("emails"):
        raise Refused(400, "emails is required", "invalidValue")
    return World.create(world, kind, body)


def refuse_enterprise(world, kind, body):
    if kind == "Users" and (ENTERPRISE_USER in body["schemas"] or ENTERPRISE_USER in body):
        raise Refused(400, "unknown schema", "invalidSyntax")
    return World.create(world, kind, body)


def refuse_fax(world, kind, body):
    if any(phone.get("type") == "fax" for phone in body.get("phoneNumbers") or ()):
        raise Refused(400, "fax is not a canonical type here", "invalidValue")
    return World.create(world, kind, body)


def insist_on_a_whole_name_and_refuse_types(world, kind, body):
    """Who sends no name is refused, and who sends one is refused for the type beside it."""
    if kind == "Users" and not (body.get("name") or {}).get("formatted"):
        raise Refused(400, "name.formatted is required", "invalidValue")
    if any("type" in item for item in [*(body.get("emails") or ()), *(body.get("phoneNumbers") or ())]):
        raise Refused(400, "Extra inputs are not permitted: type", "invalidValue")
    return World.create(world, kind, body)


def answer_with_the_id_alone(world, kind, body):
    _, made = World.create(world, kind, body)
    return 201, {"id": made["id"], "meta": made["meta"]}


def refuse_filters(world, kind, query):
    if "filter" in query:
        raise Refused(501, "filters are not implemented")
    return World.search(world, kind, query)


def keep_bosses(world, kind, id):
    """A manager cannot be deleted while somebody has that manager."""
    if any(
        (user.get(ENTERPRISE_USER) or {}).get("manager", {}).get("value") == id for user in world.kept["Users"].values()
    ):
        raise Refused(409, "somebody reports to this person")
    return World.delete(world, kind, id)


@pytest.mark.parametrize(
    ("defects", "methods", "verdict", "causes"),
    [
        ((), {}, "works", set()),
        ((), {"create": answer_with_the_id_alone}, "works", set()),
        ((), {"delete": keep_bosses}, "works", set()),
        ((), {"patch": drop_what_is_not_named}, "fails", {"patch_drops_others"}),
        ((), {"patch": change_active_only}, "works_if", {"only_active"}),
        ((), {"create": insist_on_mail}, "works_if", {"requires_values"}),
        ((), {"create": refuse_enterprise}, "works_if", {"attribute_refused", "listed_schema_refused"}),
        ((), {"create": refuse_fax}, "works_if", {"attribute_refused"}),
        ((), {"create": insist_on_a_whole_name_and_refuse_types}, "works_if", {"attribute_refused", "requires_values"}),
        ((), {"search": refuse_filters}, "fails", {"matching_not_filterable"}),
        (("username_lowered", "filter_value_exact"), {}, "works_if", {"match_case_sensitive"}),
    ],
    ids=[
        "right",
        "partial_answer",
        "bosses_kept",
        "patch_as_put",
        "active_only",
        "mail_required",
        "no_enterprise",
        "no_fax",
        "name_without_types",
        "no_filters",
        "lowered_and_exact",
    ],
)
def test_endpoints_with_a_mind_of_their_own(variant, defects, methods, verdict, causes):
    """The verdict, the causes that count, and nothing left behind."""
    world = variant(*defects, **methods)
    with ScimClient(world.base, Secret(CROOKED_TOKEN)) as scim:
        found = probe_compatibility(scim, write=True, now=NOW)

    counting = {finding.cause.removeprefix("compat.") for finding in found.findings if finding.breaks != "advice"}

    assert (found.verdict, counting) == (verdict, causes), found.sentence
    assert not found.left_behind
    assert not any(world.kept[kind] for kind in ("Users", "Groups"))


def test_attributes_to_blame_are_named(variant):
    """Not the whole element of phone numbers, but the fax; not all values, but the mail."""
    for method, rows in (
        (refuse_fax, ('phoneNumbers[type eq "fax"].value',)),
        (insist_on_mail, ('emails[type eq "work"].value',)),
    ):
        with ScimClient(variant(create=method).base, Secret(CROOKED_TOKEN)) as scim:
            found = probe_compatibility(scim, write=True, now=NOW)
        assert [finding.rows for finding in found.findings if finding.breaks != "advice"] == [rows]


# -- what was made is remembered before it is made ------------------------------------------------


def test_keep_is_told_before_and_after_each_creation(world):
    """So that a crash leaves nothing unknown: the name first, then the id, and a new name before it is given."""
    place, told = world(), []
    with place.scim() as scim:
        probe_compatibility(
            scim, write=True, now=NOW, terms=Terms(keep=lambda *entry: told.append((*entry, place_size(place))))
        )

    first = told[0]

    assert first[:2] == ("Users", ""), "told while the endpoint is still empty"
    assert first[3] == 0, "told while the endpoint is still empty"

    made = {(entry[0], entry[2]) for entry in told if entry[1] == ""}
    posted = [entry for entry in place.state()["log"] if entry["method"] == "POST"]

    assert len([entry for entry in told if entry[1] == ""]) == len(posted)
    assert all(is_ours(name) for _, name in made)


def place_size(place):
    state = place.state()
    return len(state["Users"]) + len(state["Groups"])


def test_what_was_made_is_removed_when_the_probe_is_interrupted(world):
    """Even a KeyboardInterrupt in the middle leaves nothing."""
    place, seen = world(), []

    def keep(*entry):
        seen.append(entry)
        if len(seen) > 25:
            raise KeyboardInterrupt

    with place.scim() as scim, pytest.raises(KeyboardInterrupt):
        probe_compatibility(scim, write=True, now=NOW, terms=Terms(keep=keep))
    assert place.residue() == []


def test_a_creation_whose_answer_is_lost_is_found_and_removed(world):
    """The connection closes after the server has acted: the person is looked up by the matching value."""
    place = world("closes_after_acting")
    with place.scim() as scim:
        endpoint = Endpoint(scim)
        for number in range(20):
            endpoint.create(
                "Users",
                {
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                    "userName": f"scimkit-probe-x-{number}@example.com",
                },
                name=f"scimkit-probe-x-{number}@example.com",
            )

        assert any(not entry.id for entry in endpoint.made)

        left = endpoint.clean_up()

    assert place.residue() == []
    assert not left


# -- weighing --------------------------------------------------------------------------------------


def row(code, cause, dialect=BOTH_DIALECTS, outcome="failed", targets=()):
    return CompatibilityRow(
        code, "…", code.partition(".")[0], dialect, "full", outcome, "sent", "got", cause, tuple(targets)
    )


def weigh(*rows, mapped=None, dialect=DEFAULT, gallery=False, written=True):
    mapped = mapped or default_mapped()
    findings = find_causes(rows, mapped, dialect=dialect)
    return judge_whole(findings, rows, dialect=dialect, written=written, gallery=gallery), findings


DROPPABLE = row("create.values", "compat.attribute_not_stored", outcome="accepted_not_stored", targets=["title"])
VITAL = row("create.values", "compat.attribute_not_stored", outcome="accepted_not_stored", targets=["userName"])
TEXT = row("disable.own", "compat.boolean_text_refused", DEFAULT.name, targets=["active"])
PATHLESS = row("patch.pathless", "compat.pathless", COMPLIANT.name, targets=["title"])
GROUPS = row("group.no_match", "compat.no_groups", targets=["displayName"])


@pytest.mark.parametrize(
    ("rows", "options", "verdict"),
    [
        ((), {}, "works"),
        ((), {"written": False}, "unknown"),
        ((DROPPABLE,), {}, "works_if"),
        ((VITAL,), {}, "fails"),
        ((TEXT,), {}, "works_if"),
        ((TEXT,), {"dialect": COMPLIANT}, "works"),
        ((TEXT,), {"gallery": True}, "fails"),
        ((PATHLESS,), {}, "works"),
        ((PATHLESS,), {"dialect": COMPLIANT}, "works_if"),
        ((TEXT, PATHLESS), {}, "fails"),
        ((TEXT, PATHLESS), {"dialect": COMPLIANT}, "fails"),
        ((GROUPS,), {}, "works_if"),
        ((GROUPS,), {"mapped": Mapped(default_mapped().users)}, "works"),
        ((row("disable.own", "compat.too_slow", outcome="not_reached"),), {}, "unknown"),
        ((row("query.no_match", "compat.filter_ignored"),), {}, "fails"),
        ((row("query.no_match", "compat.filter_ignored"),), {"written": False}, "fails"),
    ],
)
def test_the_verdict(rows, options, verdict):
    """By what breaks, in which dialect, for which mapping, and whether the administrator can do something."""
    assert weigh(*rows, **options)[0].verdict == verdict


def test_a_stronger_cause_takes_its_shadows():
    """Refused PATCH explains the refused boolean, in the same dialect only."""
    patch = row("patch.simple", "compat.patch_refused", DEFAULT.name)
    _, findings = weigh(patch, TEXT)

    assert [finding.cause for finding in findings] == ["compat.patch_refused"]
    assert findings[0].explains == ("patch.simple", "disable.own")

    elsewhere = replace(patch, dialect=COMPLIANT.name)
    assert {finding.cause for finding in weigh(elsewhere, TEXT)[1]} == {
        "compat.patch_refused",
        "compat.boolean_text_refused",
    }


def test_rows_that_are_not_mapped_are_no_condition():
    """The same finding without a mapped row is advice."""
    manager = row("manager.answered", "compat.manager_answered_bare", targets=[MANAGER])
    assert weigh(manager)[1][0].breaks == "conditional"

    fewer = Mapped(tuple(one for one in default_mapped().users if one.target != MANAGER))
    verdict, findings = weigh(manager, mapped=fewer)

    assert findings[0].breaks == "advice"
    assert findings[0].rows == ()
    assert verdict.verdict == "works"


# -- the record --------------------------------------------------------------------------------------


def test_the_record_travels_and_is_shown(world):
    """It survives the run folder, and both views say verdict, cause and what to do."""
    place = world("manager_answered_bare", "remove_member_clears_all")
    with place.scim() as scim:
        found = probe_compatibility(scim, write=True, now=NOW)

    assert load_record(dump_record(found, made_utc=NOW, scimkit_version="1")) == found

    text, page = to_text(found), to_html(found)
    for part in (
        found.sentence.split(":")[0],
        "Removing one member removes all members",
        "Remove the manager row from the mapping.",
    ):
        assert part in " ".join(text.split())
        assert part in page
    assert max(map(len, text.split("\n"))) <= 100
    assert "<script" not in page
