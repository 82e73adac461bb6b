"""People under stable pseudonyms, for data that goes beyond those who may see them.

First everything that names a person in a run is learnt: ids, user names, names,
addresses, mapped values. Then each of these is replaced wherever it occurs, also
in messages, addresses and bodies of requests. Any other address in a domain of
these people is replaced as well, because a name that no record contains is still a name.

A pseudonym is a keyed hash: the same person has the same one throughout a run,
and without the run's key no one can test a guess.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any
from urllib.parse import quote

# Target attributes (SCIM core and enterprise) whose values many people share.
_SHARED = {
    *("active", "usertype", "title", "department", "organization", "division", "costcenter", "roles", "entitlements"),
    *("preferredlanguage", "locale", "timezone", "country", "region", "groups", "schemas", "primary", "type"),
    *("resourcetype", "location", "created", "lastmodified", "version"),
}
_PERSON_FIELDS = ("id", "user_principal_name", "display_name", "mail")
# Graph and SCIM names of the attributes that identify a person
_USER_FIELDS = (
    *("userName", "userPrincipalName", "displayName", "externalId", "nickName", "mail", "mailNickname", "otherMails"),
    *("name", "givenName", "surname", "familyName", "formatted", "employeeId"),
    *("emails", "phoneNumbers", "mobilePhone", "businessPhones"),
)
_ADDRESS = re.compile(r"\w[\w.+'#-]*@([\w-]+(?:\.[\w-]+)+)")
_MARKED = ("(", "error:")  # "(no value)" and errors appear instead of a mapped value
MASKED = "[masked]"
# Source attributes that a scoping filter may ask about and many people share.
_SHARED_SOURCES = {
    "department",
    "jobtitle",
    "companyname",
    "employeetype",
    "accountenabled",
    "issoftdeleted",
    "usagelocation",
    "preferredlanguage",
    "country",
    "state",
    "city",
}


def is_shared(target: str) -> bool:
    """Whether the values of a target attribute say nothing about who a person is.

    >>> is_shared("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"), is_shared("name.givenName")
    (True, False)
    """
    path = re.sub(r"\[.*?\]", "", target.rpartition(":")[2]).lower()
    parts = path.split(".")
    return parts[0] in _SHARED or parts[-1] in _SHARED


class People:
    """The people who occur in a run. `learn` everything first, then `mask`.

    key  of the run; anyone who has it can test guesses, so it stays in the run folder
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._same: dict[str, str] = {}  # any spelling, lower case -> the person's own mark (id, else first spelling)
        self._values: dict[str, str] = {}  # value as it was -> the person's own mark
        self._common: set[str] = set()  # words of public texts, such as `admin`: not a person's name in running text
        self._replace: Callable[[str], str] | None = None
        self._names: dict[str, str] = {}

    # -- learning ----------------------------------------------------------

    def learn(self, documents: Iterable[Any]) -> None:
        """Learn from plain data: all records, journal entries and run.json together."""
        known = list(documents)
        for look in (_find_people, _find_references):  # references last: they may use names that people give
            for document in known:
                for values in look(document):
                    self._note(values)
        for document in known:
            self._common |= set(
                chain.from_iterable(re.findall(r"[\w.-]+", text) for text in _find_public_texts(document))
            )
        self._replace = None

    def _note(self, values: list[str]) -> None:
        """All `values` belong to one person; the first one already known says who."""
        marks = [self._same[value.lower()] for value in values if value.lower() in self._same]
        if marks:
            mark = marks[0]
        else:
            mark = values[0].lower()
        for value in values:
            self._same.setdefault(value.lower(), mark)
            self._values.setdefault(value, mark)

    # -- masking -----------------------------------------------------------

    def pseudonym(self, value: str) -> str:
        """The pseudonym of the person that `value` belongs to, such as `person-3f2a`."""
        mark = self._same.get(value.lower(), value.lower())
        return self._names.get(mark) or f"person-{self._digest(mark)[:8]}"

    def _digest(self, mark: str) -> str:
        return hmac.new(self._key, mark.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def _choose_names(self) -> dict[str, str]:
        """Four digits each, more only where two people would share them."""
        digests = {mark: self._digest(mark) for mark in set(self._same.values())}
        names: dict[str, str] = {}
        length = 4
        while digests:
            heads = [digest[:length] for digest in digests.values()]
            if len(heads) < 50:
                alone = {head for head in heads if heads.count(head) == 1}
            else:
                alone = _singles(heads)
            names |= {mark: f"person-{digest[:length]}" for mark, digest in digests.items() if digest[:length] in alone}
            digests = {mark: digest for mark, digest in digests.items() if mark not in names}
            length += 4
        return names

    def mask(self, value: Any) -> Any:
        """`value`, plain data or text, with every person replaced by their pseudonym."""
        if self._replace is None:
            self._names = self._choose_names()
            self._replace = self._make_replace()
        return self._masked(value)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            assert self._replace is not None
            return self._replace(value)
        if isinstance(value, Mapping):
            return self._masked_mapping(value)
        if isinstance(value, (list, tuple)):
            return [self._masked(item) for item in value]
        return value

    def _masked_mapping(self, value: Mapping[str, Any]) -> dict[str, Any]:
        masked = {self._masked(key): self._masked(item) for key, item in value.items()}
        if "user_principal_name" in value:
            who = self.pseudonym(str(value.get("id") or value["user_principal_name"]))
            masked.update({field: who for field in _PERSON_FIELDS if value.get(field)})
        elif "userName" in value or "userPrincipalName" in value:
            who = self.pseudonym(str(value.get("userName") or value.get("userPrincipalName") or ""))
            masked.update({field: _renamed(value[field], who) for field in _USER_FIELDS if field in value})
        if isinstance(value.get("person"), Mapping) and isinstance(value.get("observed"), Mapping):
            who = self.pseudonym(str(value["person"].get("user_principal_name") or value["person"].get("id")))
            masked["observed"] = _renamed(value["observed"], who)
        if isinstance(value.get("person"), str) and value["person"]:
            masked["person"] = self.pseudonym(value["person"])
        if isinstance(value.get("values"), Mapping) and not is_shared(str(value.get("target", ""))):
            masked["values"] = {
                self.pseudonym(upn): self._masked_value(upn, item) for upn, item in value["values"].items()
            }
        if isinstance(value.get("attribute"), str) and isinstance(value.get("has"), str):
            masked["has"] = self._masked_source(value["attribute"], value["has"])
        if (
            isinstance(value.get("path"), str)
            and "op" in value
            and isinstance(value.get("value"), str)
            and not is_shared(value["path"])
        ):
            if masked["value"] == value["value"]:
                masked["value"] = MASKED
        return masked

    def _masked_source(self, attribute: str, has: str) -> str:
        """What a person has in a source attribute, as a scoping filter encountered it."""
        if attribute.lower() in _SHARED_SOURCES or has.startswith(_MARKED):
            return has
        masked = str(self._masked(has))
        if masked != has:
            return masked
        return MASKED

    def _masked_value(self, upn: str, value: Any) -> Any:
        if isinstance(value, str) and value and not value.startswith(_MARKED):
            return self.pseudonym(upn)
        return self._masked(value)

    def _make_replace(self) -> Callable[[str], str]:
        anywhere: dict[str, str] = {}
        words: dict[str, str] = {}
        for value, mark in self._values.items():
            if not _is_searched(value) or (value.islower() and value in self._common):
                continue
            for form in _spellings(value):
                if _is_long_enough(form):
                    anywhere.setdefault(form.lower(), mark)
                else:
                    words.setdefault(form, mark)
        domains = {match[1].lower() for value in self._values if (match := _ADDRESS.fullmatch(value))}
        pattern = _search_pattern(anywhere, words, domains)

        def replace(match: re.Match[str]) -> str:
            text = match[0]
            mark = words.get(text) or anywhere.get(text.lower()) or text.lower().replace("%40", "@")
            return self._names.get(mark) or f"person-{self._digest(mark)[:8]}"

        return lambda text: pattern.sub(replace, text) if pattern else text


def _singles(heads: list[str]) -> set[str]:
    seen: set[str] = set()
    twice: set[str] = set()
    for head in heads:
        if head in seen:
            twice.add(head)
        seen.add(head)
    return seen - twice


# -- finding -----------------------------------------------------------------


def _find_people(value: Any) -> Iterator[list[str]]:
    """The values of each person, user resource and user assignment anywhere in `value`."""
    if isinstance(value, Mapping):
        found: list[str] = []
        if "user_principal_name" in value:
            found = [str(value[field]) for field in _PERSON_FIELDS if value.get(field)]
        elif value.get("kind") == "User" and value.get("principal_id"):
            found = [str(value[field]) for field in ("principal_id", "name") if value.get(field)]
        elif "userName" in value or "userPrincipalName" in value:
            found = list(chain.from_iterable(_texts(value.get(field)) for field in _USER_FIELDS))
        if found:
            yield found
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _find_people(item)


def _find_references(value: Any) -> Iterator[list[str]]:
    """People named only by text, and the values that were mapped or observed for them."""
    if isinstance(value, Mapping):
        for field in ("person", "administrator", "notification_email"):
            if (
                isinstance(value.get(field), str) and value[field] and value.get("kind") != "Group"
            ):  # a log line of a group
                yield [value[field]]
        if isinstance(value.get("values"), Mapping) and "target" in value:
            for upn, mapped in value["values"].items():
                if is_shared(str(value["target"])):
                    yield [upn]
                else:
                    yield [upn, *_texts(mapped)]
        person, observed = value.get("person"), value.get("observed")
        if isinstance(person, Mapping) and isinstance(observed, Mapping) and person.get("user_principal_name"):
            yield [
                str(person["user_principal_name"]),
                *chain.from_iterable(_texts(item) for name, item in observed.items() if not is_shared(name)),
            ]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _find_references(item)


def _texts(value: Any) -> list[str]:
    """The identifying strings in the value of an attribute, whatever its shape."""
    if isinstance(value, str):
        if value.strip() and not value.startswith(_MARKED):
            return [value]
        return []
    if isinstance(value, Mapping):
        return list(
            chain.from_iterable(
                _texts(item) for name, item in value.items() if not is_shared(name) and name not in ("$ref", "display")
            )
        )
    if isinstance(value, list):
        return list(chain.from_iterable(_texts(item) for item in value))
    if isinstance(value, int) and not isinstance(value, bool):
        return [str(value)]
    return []


def _find_public_texts(value: Any) -> Iterator[str]:
    """What an app's profile says, as `Readiness` repeats it."""
    if isinstance(value, Mapping):
        yield from chain.from_iterable(_all_texts(value.get(part)) for part in ("facts", "contradictions", "decisions"))
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _find_public_texts(item)


def _all_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _all_texts(item)


# -- replacing ---------------------------------------------------------------


def _renamed(value: Any, who: str) -> Any:
    """`value` of an identifying attribute with every identifying string in it replaced by `who`."""
    if isinstance(value, Mapping):
        return {name: item if is_shared(name) else _renamed(item, who) for name, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, who) for item in value]
    if _texts(value):
        return who
    return value


def _is_searched(value: str) -> bool:
    """Whether `value` is distinctive enough to be replaced in running text: not `A`, `True` or `40`."""
    short_number = value.isdigit() and len(value) < 5
    return (
        len(value) >= 2
        and not short_number
        and value.lower() not in ("true", "false", "none", "null", "user", "group", "work")
    )


def _is_long_enough(value: str) -> bool:
    """Whether `value` is also found inside longer words; a short name only as a whole word."""
    wide = any(ord(letter) > 0x2E7F for letter in value)  # scripts without blanks between words
    return "@" in value or "%40" in value or wide or len(value) >= 20


def _spellings(value: str) -> set[str]:
    """`value` in the forms it has in JSON, addresses and HTML."""
    escaped = json.dumps(value)[1:-1]
    return {
        value,
        escaped,
        escaped.replace("\\", "\\\\"),
        quote(value, safe=""),
        quote(value),
        html.escape(value),
        value.replace("'", "''"),
    }


def _search_pattern(anywhere: Iterable[str], words: Iterable[str], domains: Iterable[str]) -> re.Pattern[str] | None:
    parts = []
    if found := _trie_pattern(anywhere):
        parts.append(f"(?i:{found})")
    for domain in sorted(domains):
        parts.append(rf"(?i:\w[\w.+'#-]*(?:@|%40)(?:[\w-]+\.)*{re.escape(domain)})(?![\w-])")
    if found := _trie_pattern(words):
        parts.append(rf"(?<!\w)(?:{found})(?!\w)")
    if parts:
        return re.compile("|".join(parts))
    return None


def _trie_pattern(texts: Iterable[str]) -> str:
    """One pattern for many strings, longest first, that stays fast with thousands of people."""
    root: dict[str, Any] = {}
    for text in sorted(texts):
        node = root
        for letter in text[:200]:
            node = node.setdefault(letter, {})
        node[""] = {}
    if root:
        return _trie_text(root)
    return ""


def _trie_text(node: dict[str, Any]) -> str:
    chain = ""
    while len(node) == 1 and "" not in node:  # a chain of single letters needs no group
        letter, node = next(iter(node.items()))
        chain += re.escape(letter)
    branches = [re.escape(letter) + _trie_text(inner) for letter, inner in node.items() if letter]
    if not branches:
        return chain
    return f"{chain}(?:{'|'.join(branches)}){'?' if '' in node else ''}"
