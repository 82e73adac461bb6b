"""When a person is refused: which attributes are the cause, and which the endpoint insists on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from scimkit.compatibility.endpoint import Reply
from scimkit.compatibility.objects import basic_values, forget, good_values, post, root_of, sparse_values
from scimkit.compatibility.results import Result, met, tolerated, unmet
from scimkit.compatibility.test_people import full_source, values_of
from scimkit.compatibility.trial import Trial

INSISTED = ("name", "emails", "displayName", "externalId")
"""What endpoints were seen to require besides userName."""


def find_what_is_refused(trial: Trial, replies: list[Reply]) -> Result:
    """The whole person was refused: find a part that is accepted, then the attributes with which that is refused.

    They are kept in `trial.learned.refused`; a person without them is the last of `replies`.
    """
    whole = replies[0]
    if whole.answer is None or whole.status in (401, 403, 404, 405, 429, 501):
        return unmet("compat.create_refused", whole)
    least, base = _find_base(trial)
    if base is None:
        return unmet("compat.create_refused", whole, f"with the minimum of values: {least.said}")
    trial.learned.refused |= _refused_targets(trial, base)
    if not trial.learned.refused and trial.learned.extended:
        return unmet("compat.create_refused", whole, "each attribute alone is accepted")
    again = post(trial, good_values(trial, "1"))
    replies.append(again)
    if not again.done:
        return unmet("compat.create_refused", again)
    if not trial.learned.extended:
        return tolerated("compat.listed_schema_refused", least, "without that URN it is accepted")
    return met(again, "without " + ", ".join(sorted(trial.learned.refused)))


def _find_base(trial: Trial) -> tuple[Reply, set[str] | None]:
    """The answer to a minimal person, and the targets of the first accepted part of the person, if there is one.

    If none is, all are tried again without the enterprise URN in `schemas`.
    """
    least: Reply | None = None
    for extended in (True, False):
        trial.learned.extended = extended
        for number, targets in enumerate(_parts(trial)):
            values = good_values(trial, f"1b{number}{'' if extended else 'u'}")
            reply = post(trial, {target: value for target, value in values.items() if target in targets})
            forget(trial, reply)
            least = least or reply
            if reply.done:
                return least, targets
            if reply.answer is None or reply.status == 429:
                break
    trial.learned.extended = True
    assert least is not None
    return least, None


def _parts(trial: Trial) -> Iterator[set[str]]:
    """Parts of a person: the minimum, then more and more of what may be required, then all but one attribute."""
    least, full = set(basic_values(trial, "1")), set(good_values(trial, "1"))
    left_out = {root_of(target) for target in full - least}
    roots = [root for root in INSISTED if root in left_out]
    for size in range(len(roots) + 1):
        for chosen in combinations(roots, size):
            yield least | {target for target in full if root_of(target) in chosen}
    for root in dict.fromkeys(root_of(target) for target in sorted(full - least)):
        yield {target for target in full if root_of(target) != root}


def _refused_targets(trial: Trial, base: set[str]) -> set[str]:
    """Each attribute beyond `base` tried alone, and its parts too, if it has any."""
    full = [target for target in good_values(trial, "1") if target not in base]
    roots: dict[str, list[str]] = {}
    for target in full:
        roots.setdefault(root_of(target), []).append(target)
    refused: set[str] = set()
    for number, targets in enumerate(roots.values()):
        if _is_taken(trial, base, targets, f"1r{number}"):
            continue
        if len(targets) > 1:
            parts = [
                one for index, one in enumerate(targets) if not _is_taken(trial, base, [one], f"1r{number}p{index}")
            ]
        else:
            parts = []
        refused |= set(parts or targets)
    return refused


def _is_taken(trial: Trial, base: set[str], more: list[str], number: str) -> bool:
    made = values_of(trial.mapped, full_source(trial.names, number), now=trial.now)
    reply = post(trial, {target: value for target, value in made.items() if target in base or target in more})
    forget(trial, reply)
    return reply.done


def needed_targets(trial: Trial) -> tuple[str, ...]:
    """The attributes a person must have: each is left out of a whole person in turn."""
    have = set(sparse_values(trial, "2"))
    roots: dict[str, list[str]] = {}
    for target in good_values(trial, "2"):
        if target not in have:
            roots.setdefault(root_of(target), []).append(target)
    needed: list[str] = []
    for number, targets in enumerate(roots.values()):
        made = good_values(trial, f"2n{number}")
        reply = post(trial, {target: value for target, value in made.items() if target not in targets})
        forget(trial, reply)
        if not reply.done:
            needed += targets
    return tuple(needed)
