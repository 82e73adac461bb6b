"""Wrong files and wrong names: the message names file, key and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scimkit.apps import load
from scimkit.errors import ProfileError

Write = Callable[..., Path]

# what is wrong, (old, new) in the small app, key, words of the message, words of the remedy
DEFECTS = [
    ("unknown key", ('label = "API key"', 'labell = "API key"'), "token.labell", "not a known key", "label, made_by"),
    ("unknown key at the top", ('name = "acme"', 'nam = 1\nname = "acme"'), "nam", "not a known key", "title"),
    ("unknown table", ("[protocol]", "[protokoll]\n[protocol]"), "protokoll", "not a known key", "protocol"),
    ("plural of a table", ("[[note]]", "[[notes]]"), "notes", "not a known key", "note"),
    ("unknown key in a row", ('type = "Boolean"', 'kind = "Boolean"'), "attribute[2].kind", "not a known", "from 1"),
    ("key missing", ('label = "API key"\n', ""), "token.label", "is missing", "Add it: "),
    ("table missing", ('[protocol]\nvalue = "SCIM 2.0"\n', ""), "protocol", "is missing", ""),
    ("default source missing", ('default_source = "seed"\n', ""), "default_source", "is missing", "[sources]"),
    ("default source undeclared", ('= "seed"', '= "sead"'), "default_source", "'sead'", "seed, general"),
    ("source undeclared", ("interval_minutes = 40", 'interval_minutes = {value = 40, source = "seed, x"}'),
     "interval_minutes.source", "'x' is not declared", "seed, general"),
    ("generic mark undeclared", ('generic_mark = "general"', 'generic_mark = "x"'), "generic_mark", "'x'", "general"),
    ("generic mark missing", ('generic_mark = "general"\n', ""), "generic_mark", "is missing", "suggestions"),
    ("mark with a comma", ('seed = "the', '"a,b" = "x"\nseed = "the'), "sources.a,b", "not a mark", "without commas"),
    ("wrong choice", ('made_by = "admin"', 'made_by = "boss"'), "token.made_by", "'boss'", "admin, vendor, system"),
    ("fact not among its choices", ('rule = "any"', 'rule = "all"'), "roles.rule", "'all'", "any, not_default, named"),
    ("text instead of yes", ("create = true", 'create = "yes"'), "capabilities.create", "'yes'", "true, false"),
    ("number instead of yes", ("create = true", "create = 1"), "capabilities.create", "1", "true, false"),
    ("text instead of a number", ("= 40", '= "forty"'), "interval_minutes", "'forty'", "whole number"),
    ("no minutes", ("= 40", "= 0"), "interval_minutes", "0 is not", "whole number"),
    ("yes instead of a number", ("= 40", "= true"), "interval_minutes", "True", "whole number"),
    ("fraction", ("= 40", "= 40.5"), "interval_minutes", "40.5", "keys"),
    ("number instead of text", ('title = "Acme Wiki"', "title = 3"), "title", "3 is not text", "quotes"),
    ("empty text", ('title = "Acme Wiki"', 'title = " "'), "title", "is empty", "leave out the key"),
    ("list instead of text", ('title = "Acme Wiki"', 'title = ["a"]'), "title", "is not text", "quotes"),
    ("text instead of a list", ('matching = ["userName"]', 'matching = "userName"'), "matching", "'userName'", "list"),
    ("text instead of a table", ("[[note]]", "[note]"), "note", "not allowed", "two brackets"),
    ("confirmed as text", ("= 40", '= {value = 40, confirmed = "no"}'), "interval_minutes.confirmed", "'no'", "true"),
    ("fact without value", ("= 40", '= {source = "seed"}'), "interval_minutes.value", "is missing", "stated"),
    ("wrong date", ("date = 2024-01-31", 'date = "January"'), "tutorial.date", "'January'", "2023-07-26"),
    ("control character", ('"A wiki."', '"A \\u0007 wiki."'), "description", "U+0007", "visible"),
    ("escape sequence", ('"A wiki."', '"A \\u001b[31m wiki."'), "description", "U+001B", "visible"),
    ("two lines", ('"A wiki."', '"A\\nwiki."'), "description", "U+000A", "one line"),
    ("turned direction", ('"A wiki."', '"A \\u202e wiki."'), "description", "U+202E", "visible"),
    ("invisible in a row", ('"Start small."', '"Start\\u200bsmall."'), "note[1].value", "U+200B", "visible"),
    ("half a label", ("**Save**", "**Save"), "token.steps[1]", "counterpart", "**Save**"),
    ("name with blanks", ('name = "acme"', 'name = "Acme Wiki"'), "name", "'Acme Wiki'", "lower-case"),
    ("http address", ("https://scim", "http://scim"), "tenant_url.values[1]", "https address", "https://"),
    ("user in the address", ("https://scim", "https://u:p@scim"), "tenant_url.values[1]", "https address", "user"),
    ("query in the address", ("/v2", "/v2?aad=1"), "tenant_url.values[1].value", "query", "without ?"),
    ("resource in the address", ("/v2", "/v2/Users"), "tenant_url.values[1].value", "resource", "above"),
    ("two fixed addresses", ('/v2"]', '/v2", "https://b.example/v2"]'), "tenant_url.values", "2", "exactly one"),
    ("choice of one", ('kind = "fixed"', 'kind = "choice"'), "tenant_url.values", "1", "at least two"),
    ("address from support", ('kind = "fixed"', 'kind = "support"'), "tenant_url.values", "1", "none"),
    ("placeholder not described", ("scim.acme", "<site>.acme"), "tenant_url.placeholder", "<site>", "described"),
    ("token without clicks", ('steps = ["Choose **Save**."]\n', ""), "token.steps", "is missing", "clicks"),
    ("vendor without mail", ('made_by = "admin"', 'made_by = "vendor"'), "token.mail", "is missing", "[token.mail]"),
    ("fixed life without days",
     ('expires = "not stated"', 'expires = "fixed"'), "token.lifetime_days", "missing", "days"),
    ("role without name", ('rule = "any"', 'rule = "named"'), "roles.names", "is missing", "roles"),
    ("matching without row", ('= ["userName"]', '= ["mail"]'), "matching", "'mail'", "userName, active"),
    ("matching not filterable", ('= ["userName"]', '= ["active"]'), "matching", "cannot be filtered", "userName"),
    ("no matching", ('= ["userName"]', "= []"), "matching", "is empty", "userName"),
    ("row twice", ('target = "active"', 'target = "username"'), "attribute", "twice", "once"),
    ("unknown type", ('type = "Boolean"', 'type = "Bool"'), "attribute[2].type", "'Bool'", "String, Boolean"),
    ("rows though unpublished", ('"published"', '"not published"'), "attributes_status", "does not fit", "published"),
    ("groups though none", ("[[note]]", '[[group_attribute]]\ntarget = "displayName"\ntype = "String"\n\n[[note]]'),
     "group_attribute", "does not fit", "groups is false"),
    ("one answer", ('[[decision.choice]]\nvalue = "free"\nlabel = "Free"\n', ""), "decision[1].choice", "1", "two"),
    ("answer twice", ('value = "free"', 'value = "team"'), "decision[1].choice", "team", "once"),
    ("default not an answer", ('default = "team"', 'default = "gold"'), "decision[1].default", "'gold'", "team, free"),
    ("answers to a number",
     ('key = "edition"', 'key = "edition"\nkind = "number"'), "decision[1].choice", "belong", ""),
    ("unknown step", ('step = "4_scope"', 'step = "4"'), "note[1].step", "'4'", "1_plan, 2_token"),
    ("contradiction without action", ('kit = "Asks."', ""), "contradiction[1].kit", "is missing", ""),
    ("contradiction 0", ("number = 1", "number = 0"), "contradiction[1].number", "0", "from 1"),
    ("journey incomplete",
     ('name = "acme"', 'name = "acme"\njourney_order = ["1_plan"]'), "journey_order", "once", "1_plan"),
    ("slash before the path", ("[[contradiction]]", '[sandbox]\nscim_path = "/v2"\n[[contradiction]]'),
     "sandbox.scim_path", "'/v2'", "slashes"),
    ("seats as text",
     ("[[contradiction]]", '[sandbox]\nseats = "9"\n[[contradiction]]'), "sandbox.seats", "'9'", "number"),
]  # fmt: skip


@pytest.mark.parametrize("change, key, words, allowed", [row[1:] for row in DEFECTS], ids=[row[0] for row in DEFECTS])
def test_a_wrong_key_is_named(
    write_profile: Write, change: tuple[str, str], key: str, words: str, allowed: str
) -> None:
    """The message has the file, the dotted key and the fault; the remedy what is allowed."""
    path = write_profile(change)
    with pytest.raises(ProfileError) as caught:
        load(path)

    error = caught.value

    assert error.file == str(path)
    assert str(path) in error.message
    assert error.key == key
    assert f": {key} " in error.message
    assert words in error.message
    assert allowed in error.remedy
    assert "\n" not in error.message + error.remedy
    assert (error.message + error.remedy).isprintable()


def test_sources_have_to_be_a_table(write_profile: Write) -> None:
    """`sources` written as anything else is named like any other key."""
    change = '[sources]\nseed = "the tutorial"\ngeneral = "Microsoft\'s general documentation"\n'
    path = write_profile((change, ""), ('name = "acme"', 'name = "acme"\nsources = 3'))
    with pytest.raises(ProfileError, match="sources 3 is not allowed"):
        load(path)


def test_all_problems_are_named_at_once(write_profile: Write) -> None:
    """Whoever mends the first fault sees the others too."""
    path = write_profile(('made_by = "admin"', 'made_by = "boss"'), ('type = "Boolean"', 'type = "Bool"'))
    with pytest.raises(ProfileError) as caught:
        load(path)

    assert "token.made_by" in caught.value.message
    assert "Also wrong: attribute[2].type 'Bool' is not allowed." in caught.value.remedy


@pytest.mark.parametrize(
    "text, place",
    [
        ('name = "a"\ntitle = acme\n', "line 2, column 9"),
        ('name = "a"\nname = "b"\n', "line 2"),
        ('name = "a\n', "line 1, column 10"),
        ("[token\n", "line 1"),
        ("steps = [\n", "line 2, column 1"),
        ('name = "\x07"\n', "line 1, column 9"),
    ],
)
def test_bad_toml_is_placed(tmp_path: Path, text: str, place: str) -> None:
    """What is not TOML is named with line and column."""
    path = tmp_path / "broken.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ProfileError) as caught:
        load(path)

    assert f"{path}, {place}" in caught.value.message
    assert caught.value.remedy


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    """A file made to exhaust the parser is refused with words."""
    path = tmp_path / "deep.toml"
    path.write_text("a = " + "[" * 100_000, encoding="utf-8")
    with pytest.raises(ProfileError):
        load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that leads nowhere."""
    with pytest.raises(ProfileError, match="does not exist"):
        load(tmp_path / "none.toml")


def test_a_folder_is_no_profile(tmp_path: Path, write_profile: Write) -> None:
    """A folder is refused, and the files in it are offered."""
    write_profile()
    with pytest.raises(ProfileError, match="is a folder") as caught:
        load(tmp_path)
    assert "acme.toml" in caught.value.remedy


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_refused(tmp_path: Path, minimal: str, encoding: str) -> None:
    """What is not UTF-8 is said to be so, with the remedy."""
    path = tmp_path / "acme.toml"
    path.write_bytes(minimal.replace("A wiki.", "Ein Wíki.").encode(encoding))

    with pytest.raises(ProfileError, match="is not UTF-8") as caught:
        load(path)

    assert "UTF-8" in caught.value.remedy


def test_a_mark_before_the_text_is_taken(tmp_path: Path, minimal: str) -> None:
    """Some editors begin UTF-8 files with a byte order mark, and end lines as Windows does."""
    path = tmp_path / "acme.toml"
    path.write_bytes(minimal.replace("\n", "\r\n").encode("utf-8-sig"))
    assert load(path).name == "acme"


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    """A file of megabytes was not meant."""
    path = tmp_path / "acme.toml"
    path.write_bytes(b"# \n" * 400_000)
    with pytest.raises(ProfileError, match="1,200,000 bytes"):
        load(path)


def test_unknown_names_are_told_the_known_ones() -> None:
    """A slip in a name is answered with the nearest one."""
    with pytest.raises(ProfileError, match=r"known apps: .*oreilly") as caught:
        load("o'reilly")
    assert "Did you mean oreilly?" in caught.value.remedy

    with pytest.raises(ProfileError, match="no app called 'zzzz'") as caught:
        load("zzzz")
    assert "Did you mean" not in caught.value.remedy


def test_a_name_is_not_a_way_out_of_the_folder() -> None:
    """Text with a slash is a path and nothing else; invisible characters are shown, not printed."""
    with pytest.raises(ProfileError, match="does not exist"):
        load("../apps/nothing")
    with pytest.raises(ProfileError) as caught:
        load("o\x1b[31mreilly")
    assert caught.value.message.isprintable()


def test_paths_are_taken_as_text_and_as_path(write_profile: Write) -> None:
    """Both forms of a path load the same file; a changed file is read again."""
    path = write_profile()
    assert load(path) is load(str(path))

    write_profile(('title = "Acme Wiki"', 'title = "Acme Wiki, renamed"'))
    assert load(path).title == "Acme Wiki, renamed"
