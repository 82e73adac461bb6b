"""Every check: what it tests, and which checks must pass first.

A check is not made if a check it needs failed; it then counts to the cause of that one. Numbers such as E07 and R6
count the requirements of "Develop and plan provisioning for a SCIM endpoint": requests are R, requirements are E.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spec:
    """One check. needs: codes of checks that must have been met, in the same dialect and for the same people."""

    code: str
    title: str
    needs: tuple[str, ...]

    @property
    def theme(self) -> str:
        return self.code.partition(".")[0]


_TABLE: tuple[tuple[str, str, str], ...] = (
    # code, what is asked, needs
    ("auth.token", "the token is accepted", ""),
    ("auth.no_token", "a request without a token gets 401", "auth.token"),
    ("auth.wrong_token", "a request with a wrong token gets 401", "auth.token"),
    ("auth.rate", "up to 25 requests a second are not refused (E18)", ""),
    ("media.plain_get", "GET works with Accept: */* and without Content-Type", "auth.token"),
    ("media.scim_accept", "GET works with Accept: application/scim+json", "media.plain_get query.no_match"),
    ("media.answer_type", "answers are application/scim+json", "query.no_match"),
    ("media.unknown_parameter", "an unknown query parameter is ignored", "query.no_match"),
    ("media.charset_create", "a creation whose media type names a charset is accepted", "create.person"),
    ("media.charset_patch", "a change whose media type names a charset is accepted", "patch.simple"),
    ("discovery.schemas", "/Schemas answers with a list", "auth.token"),
    ("discovery.schemas_nulls", "/Schemas contains no nulls", "discovery.schemas"),
    (
        "discovery.schemas_words",
        "/Schemas spells mutability, returned and uniqueness as RFC 7643 does",
        "discovery.schemas",
    ),
    ("discovery.schemas_targets", "/Schemas lists every mapped attribute", "discovery.schemas"),
    ("discovery.provider_config", "/ServiceProviderConfig answers", "auth.token"),
    ("discovery.resource_types", "/ResourceTypes answers", "auth.token"),
    ("query.no_match", "a search for a person who cannot exist returns 200 and an empty list (R1)", "auth.token"),
    ("query.matching", "every matching attribute can be used in a search", "auth.token"),
    ("query.list_fields", "a list has totalResults, startIndex and itemsPerPage", "query.no_match"),
    ("query.percent20", "a space written as %20 is understood", "query.no_match"),
    (
        "query.match",
        "a created person is found by the matching attribute, and no one else is (R4)",
        "query.no_match create.person",
    ),
    (
        "query.no_match_among_people",
        "with people in the app, a person who cannot exist is still not found (R3)",
        "query.no_match create.person",
    ),
    ("query.other_case_value", "the matching value is found in different capitalization", "query.match"),
    ("query.other_case_attribute", "the attribute's name may be written in different capitalization", "query.no_match"),
    ("query.other_case_operator", "the operator may be in capital letters", "query.no_match"),
    ("query.apostrophe", "a name with an apostrophe or a plus sign is found", "query.match"),
    ("query.accent", "an accent in the searched value is no error", "query.no_match"),
    (
        "query.other_mail",
        "a person with a different mail address is still found by the matching attribute",
        "query.match",
    ),
    ("query.quote", "a quotation mark and a backslash in the searched value are no error", "query.no_match"),
    ("query.plus_sign", "a plus sign in the searched value is no error", "query.no_match"),
    ("query.and", "two comparisons joined by `and`", "query.no_match"),
    ("query.typed_path", "a typed path can be used in a search", "query.no_match"),
    ("query.external_id", "externalId can be used in a search", "query.no_match"),
    ("query.reference", "id and manager together find the person (R6)", "query.and manager.text"),
    ("query.attributes", "the parameter `attributes` is accepted", "query.no_match"),
    ("errors.unknown_id", "reading a person who does not exist returns 404", "auth.token"),
    ("errors.body", "an error is returned as a SCIM error message", "errors.unknown_id"),
    ("paging.count", "`count` is honoured", "query.no_match"),
    ("paging.total", "totalResults is the same on every page", "paging.count"),
    ("paging.start_index", "startIndex is echoed", "paging.count"),
    ("paging.no_repeats", "the second page has different people from the first", "paging.count"),
    ("paging.past_the_end", "a page past the end is empty", "query.no_match"),
    ("create.person", "a person can be created", "auth.token"),
    ("create.full", "a person with a value for every mapped attribute can be created (R7)", "create.person"),
    ("create.status", "a creation returns 201", "create.person"),
    ("create.id", "a creation returns an id", "create.person"),
    ("read.by_id", "the person can be read by that id (R5)", "create.person create.id"),
    ("create.values", "every value is stored as sent", "read.by_id"),
    ("create.sparse", "a person without any optional value can be created", "create.person"),
    ("create.sparse_values", "the few values of that person are stored as sent", "create.sparse read.by_id"),
    (
        "create.special",
        "accents, apostrophes, quotation marks and foreign letters are stored as sent",
        "create.full read.by_id",
    ),
    ("create.unknown_schema", "an unknown URN in `schemas` is tolerated", "create.person"),
    ("create.unlisted_extension", "an extension that `schemas` does not list is tolerated", "create.person"),
    ("create.nulls", "JSON nulls are treated as absent", "create.person"),
    ("create.empty_roles", "an empty list of roles is tolerated", "create.person"),
    ("create.text_true", 'active as the text "True" is tolerated', "create.person read.by_id"),
    (
        "create.text_false",
        'active as the text "False" is not read as true',
        "create.person read.by_id inactive.readable",
    ),
    ("create.manager", "a manager can be sent with the creation", "create.person read.by_id"),
    ("create.duplicate", "a second creation of the same person gets 409", "create.person"),
    ("create.duplicate_scim_type", "its scimType is uniqueness", "create.duplicate"),
    ("create.duplicate_other_case", "so does one in different capitalization", "create.duplicate"),
    ("patch.simple", "one attribute can be changed (R8)", "read.by_id"),
    ("patch.add", "an attribute without a value gets one", "patch.simple"),
    ("patch.either_word", "Add and Replace both mean “set”", "patch.simple"),
    ("patch.nested", "a dotted path changes one part and leaves the others", "patch.simple"),
    ("patch.typed", "a typed path changes one value and leaves the others", "patch.simple"),
    ("patch.typed_missing", "a typed path creates the element that is missing", "patch.simple"),
    ("patch.typed_several", "several parts with the same filter end in one element", "patch.simple"),
    ("patch.typed_siblings", "an element of another type beside it is left alone", "patch.typed"),
    ("patch.extension", "a path with a schema URN changes the attribute", "patch.simple"),
    ("patch.several", "several operations in one message are all carried out", "patch.simple"),
    ("patch.pathless", "an operation without a path changes its attributes", "patch.simple"),
    ("patch.pathless_keys", "dotted and URN keys without a path are expanded", "patch.simple"),
    ("patch.all_mapped", "every mapped attribute can be changed, in one message", "patch.simple"),
    ("patch.same_again", "the same message sent again changes nothing and is no error", "patch.simple"),
    ("patch.op_spelling", "`op` is read in any capitalization", "patch.simple"),
    ("patch.attribute_case", "attribute names are read in any capitalization", "patch.simple"),
    ("patch.atomic", "a message with one bad operation changes nothing", "patch.simple"),
    ("patch.unknown_path", "an unknown attribute is ignored or refused, without a server error", "patch.simple"),
    ("patch.empty_operations", "a message without operations is no server error", "patch.simple"),
    ("patch.unknown_id", "changing a person who does not exist returns 404", "patch.simple"),
    ("manager.text", "the manager's id as plain text is stored", "patch.simple"),
    ("manager.answered", "the manager is returned as an object", "manager.text"),
    ("manager.change", "a new manager replaces the first", "manager.text"),
    ("manager.object", "the manager as an object is stored", "patch.simple"),
    ("manager.list", "the manager as a list of one is stored", "patch.simple"),
    ("disable.own", "the dialect's own message disables a person (R9)", "patch.simple"),
    ("disable.mixed", "Replace with a JSON false disables a person", "patch.simple inactive.readable"),
    ("inactive.readable", "a disabled person can still be read", "disable.own"),
    ("inactive.found", "a disabled person is still found by the matching attribute", "disable.own query.match"),
    ("inactive.memberships", "group memberships stay while a person is disabled", "disable.own member.add_one"),
    ("restore.own", "the dialect's own message enables the person again", "disable.own inactive.readable"),
    ("restore.mixed", "Replace with a JSON true does so too", "disable.mixed"),
    ("restore.id", "the id is the same afterwards", "restore.own"),
    ("rename.value", "the matching value can be changed", "patch.simple"),
    ("rename.id", "the id is the same afterwards", "rename.value"),
    ("rename.found", "the person is found by the new value and not by the old one", "rename.value query.match"),
    ("group.no_match", "a search for a group that cannot exist returns an empty list (R2)", "auth.token"),
    ("group.create", "a group can be created (R13)", "group.no_match"),
    ("group.schema", "Microsoft's own URN in a group's `schemas` is tolerated", "group.no_match"),
    ("group.read", "the group can be read by its id, members excluded (R12)", "group.create"),
    ("group.values", "the group's values are stored as sent", "group.read"),
    ("group.match", "the group is found by displayName, and no other group is (R11)", "group.create"),
    ("group.other_case", "it is found in different capitalization", "group.match"),
    ("group.special", "a group with accents, quotation marks and an ampersand is created and found", "group.match"),
    ("group.empty_members", "an empty list of members in a creation is tolerated", "group.create"),
    ("group.duplicate", "a second group of the same name gets 409", "group.create"),
    ("group.rename", "the group can be renamed (R14)", "group.read"),
    ("group.patch_answer", "a change of members returns 204", "member.add_one"),
    ("member.add_one", "one member can be added (R15)", "group.read create.person"),
    ("member.add_several", "several members can be added in one message", "member.add_one"),
    ("member.add_keeps", "existing members stay", "member.add_one"),
    ("member.twice", "adding the same member again changes nothing", "member.add_one"),
    ("member.remove_one", "one member is removed and the others stay", "member.add_one"),
    ("member.remove_absent", "removing a person who is not a member is no error", "member.remove_one"),
    ("member.excluded_read", "members are left out when reading with them excluded", "member.add_one"),
    ("member.excluded_query", "members are left out when searching with them excluded", "member.add_one group.match"),
    ("member.reference", "id and members together find the group (R6)", "member.add_one group.match"),
    ("delete.person", "a person can be deleted (R10)", "create.person"),
    ("delete.status", "the deletion returns 204", "delete.person"),
    ("delete.gone_read", "reading the deleted person returns 404", "delete.person read.by_id"),
    ("delete.gone_query", "the deleted person is not found", "delete.person query.match"),
    ("delete.again", "deleting again gives 404", "delete.person"),
    ("delete.name_free", "the deleted person's name can be used again", "delete.person"),
    ("delete.group", "a group can be deleted (R16)", "group.create"),
    ("delete.group_gone", "the deleted group is gone", "delete.group group.read"),
)

CHECKS: dict[str, Spec] = {code: Spec(code, title, tuple(needs.split())) for code, title, needs in _TABLE}
