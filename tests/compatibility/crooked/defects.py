"""The defects by name, and what an answer that is an error is."""

from __future__ import annotations

TOKEN = "crooked-server-token-0123456789"
SCIM = "application/scim+json"
CORE = {"Users": "urn:ietf:params:scim:schemas:core:2.0:User", "Groups": "urn:ietf:params:scim:schemas:core:2.0:Group"}
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MICROSOFT_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
MESSAGES = "urn:ietf:params:scim:api:messages:2.0:"
DEFECTS = {
    # searching
    "empty_search_404": "a query without a hit is answered with 404",
    "plain_get_406": "a GET whose Accept does not name the SCIM media type: 406",
    "plain_get_415": "a GET without Content-Type: 415",
    "filter_ignored": "the filter parameter is not looked at",
    "filter_names_exact": "attribute names in filters are compared with case",
    "filter_operator_exact": "operators in filters must be in lower case",
    "filter_value_exact": "userName is searched with case",
    "and_unsupported": "a filter with `and`: 400",
    "typed_filter_unsupported": "a filter with a value path: 400",
    "external_id_filter_unsupported": "a filter by externalId: 400",
    "group_name_filter_unsupported": "a filter by a group's displayName: 400",
    "special_characters_break_filter": "a value with an apostrophe or a letter outside ASCII: 500",
    "plus_not_decoded": "a + in the query stays a +",
    "list_as_array": "a query is answered with a bare JSON array",
    "total_missing": "list answers have no totalResults",
    "start_index_missing": "list answers have neither startIndex nor itemsPerPage",
    "paging_ignored": "startIndex and count are not looked at",
    "paging_endless": "startIndex is not looked at, count is, and totalResults says a million",
    "members_returned": "excludedAttributes is not looked at",
    "search_reads_mail": "a search by userName looks into the first mail address, where there is one",
    "search_reads_first_name": "a search by userName finds people by the name they were created with",
    "members_hidden": "members are taken and never shown",
    "group_name_exact": "a group's displayName is searched with case",
    "inactive_hidden_from_search": "queries leave out users who are switched off",
    "inactive_hidden": "users who are switched off are 404",
    # creating
    "create_200": "200 instead of 201 and 204; harmless",
    "create_without_id": "the answer to a create has no id",
    "duplicates_accepted": "userName and displayName need not be unique",
    "conflict_without_scim_type": "409 without scimType; harmless",
    "conflict_500": "a duplicate is answered with 500",
    "username_lowered": "userName is stored in lower case",
    "phone_reformatted": "phone numbers are stored with their digits only",
    "title_dropped": "title is accepted and not stored",
    "unknown_schema_refused": "a schema URI the server does not know: 400",
    "null_refused": "null as a value: 400",
    "formatted_is_display": "name.formatted is displayName, whatever was sent",
    "formatted_wins": "displayName becomes name.formatted where both are changed in one message",
    "ids_of_names": "the id is the userName a person was created with, also a second time; harmless",
    "manager_answered_bare": "the manager is returned as a text",
    "manager_string_refused": "the manager as a text: 400",
    "manager_object_refused": "the manager as an object or a list: 400",
    "enterprise_dropped": "the enterprise extension is accepted and not stored",
    "create_drops_typed": "only the first element of emails, phoneNumbers and addresses is stored on create",
    # changing
    "patch_405": "PATCH: 405",
    "op_exact": "op must be in lower case",
    "string_boolean_refused": "a boolean as text: 400",
    "false_text_is_true": 'the text "False" is taken as true',
    "typed_missing_refused": "a typed path that matches no element: 400 noTarget",
    "typed_replaces_list": "a typed path replaces the whole list",
    "patch_not_stored": "PATCH answers 204 and stores nothing",
    "active_not_stored": "PATCH answers 204 and leaves active as it was",
    "patch_first_only": "of several operations only the first is done",
    "patch_not_atomic": "operations before the one that fails stay done",
    "pathless_refused": "an operation without path: 400",
    "dotted_keys_literal": "a dotted key in an operation without path is stored as it is written",
    "urn_keys_refused": "a URN key in an operation without path: 400",
    "urn_path_refused": "a URN path: 400",
    "id_changes_on_rename": "a new userName gives a new id",
    "unknown_path_500": "a path the server does not know: 500",
    # groups
    "no_groups": "there is no /Groups",
    "group_op_exact": "op of a group's PATCH must be in lower case; another one is passed over",
    "remove_member_clears_all": "removing one member by value removes all",
    "remove_by_value_refused": "removing a member by value: 400",
    "remove_by_filter_refused": "removing a member by path filter: 400",
    "several_members_first_only": "of several members in one PATCH only the first is stored",
    "member_twice": "a member added twice is a member twice",
    "members_lost_when_inactive": "who is switched off loses the memberships",
    "group_patch_405": "PATCH of a group: 405",
    # deleting
    "delete_405": "DELETE: 405",
    "delete_is_soft": "DELETE switches off and still shows the user",
    # the way there
    "token_not_checked": "any token will do, and none",
    "json_media_type": "answers are application/json",
    "text_media_type": "answers are text/plain",
    "html_errors": "errors are web pages",
    "lag": "reads show what was there 0.04 seconds ago",
    "slow": "every answer takes 0.2 seconds",
    "closes_connections": "every seventh connection is closed instead of an answer, before anything is done",
    "closes_after_acting": "every seventh connection is closed instead of an answer, after the work is done",
    "throttles": "every 24th of the first 100 requests is 429 with Retry-After 1",
    "refuses_unknown_parameters": "a query parameter SCIM does not know: 400",
}  # fmt: skip
HARMLESS = ("create_200", "conflict_without_scim_type")
LAG_SECONDS, SLOW_SECONDS, EVERY = 0.04, 0.2, 7
MULTI = {"emails", "phonenumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509certificates", "members"}
USER = (
    "userName externalId displayName nickName profileUrl title userType preferredLanguage locale timezone active"
    " password name emails phoneNumbers ims photos addresses entitlements roles x509Certificates"
).split()
GROUP = "displayName externalId members".split()
ENTERPRISE_NAMES = "employeeNumber costCenter organization division department manager".split()
EXACT = {"id", "externalid", "value", "$ref", "resourcetype", "location", "version"}  # compared with case


class Refused(Exception):
    """An answer that is an error: status, scimType, detail."""

    def __init__(self, status, detail, scim_type=""):
        super().__init__(detail)
        self.status, self.detail, self.scim_type = status, detail, scim_type
