"""Every root cause the probe can name, as data.

One cause is one thing to mend, however many checks it spoils. What it means for
an app depends on the app's mapping: `rows` in a text stands for the target
attributes that are hit. Sources:

    TUT, CMP, ... a document of Microsoft, see DOCUMENTS
    RFC           RFC 7643, RFC 7644
    a repository's name with a number: the public report it was seen in
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DOCUMENTS = {
    "TUT": "Tutorial: Develop and plan provisioning for a SCIM endpoint",
    "CMP": "Known issues and resolutions with SCIM 2.0 protocol compliance",
    "HOW": "How application provisioning works",
    "KNO": "Known issues for provisioning",
    "QUA": "Application provisioning in quarantine status",
    "VAL": "SCIM Provisioning Validation, Test Overview",
}

VENDOR, ADMINISTRATOR, BOTH = "vendor", "administrator", "both"
FAILS, CONDITIONAL, ADVICE = "fails", "conditional", "advice"

# What the administrator can do until it is mended (Cause.way).
NO_WAY = ""
DROP_ROWS = "drop_rows"  # take the rows out of the mapping
CREATE_ONLY = "create_only"  # let the rows apply during object creation only, or take them out
GROUPS_OFF = "groups_off"  # switch the group mapping off
KNOW = "know"  # nothing to change: a condition to know and keep


@dataclass(frozen=True, slots=True)
class Cause:
    """One root cause.

    code       stable, `compat.<what>`
    who        who can mend it: vendor | administrator | both
    breaks     will Entra fail: fails | conditional | advice
    means      what Entra does about it; `{rows}` stands for the mapped attributes hit
    remedy     for the vendor: what the endpoint has to do
    meanwhile  what to change in Entra until then; `{rows}` as above
    way        what kind of change that is, see above
    evidence   documented | seen (in traffic or reports) | unconfirmed
    """

    code: str
    title: str
    who: str
    breaks: str
    means: str
    remedy: str
    meanwhile: str
    way: str
    evidence: str
    source: str


_ALL = (
    # -- reaching the endpoint ------------------------------------------------
    Cause(
        "compat.no_answer", "Requests stay without an answer", BOTH, FAILS,
        "Without answers every cycle fails, and the job goes into quarantine.",
        "Answer every request within a few seconds and keep the connection open until the answer is whole.",
        "Leave provisioning off until the endpoint answers.", NO_WAY, "documented", "QUA",
    ),
    Cause(
        "compat.too_slow", "The probe's time ran out before everything was asked", BOTH, CONDITIONAL,
        "An answer that takes long may end in Timeout at Entra; its limit in seconds is (unconfirmed).",
        "Answer single requests within a second or two.",
        "Run the probe again with a longer deadline; expect long cycles.", KNOW, "unconfirmed", "TUT",
    ),
    Cause(
        "compat.token_refused", "The token is not accepted", ADMINISTRATOR, FAILS,
        "Test Connection fails, and a running job goes into quarantine at once.",
        "Say whether the token is complete, not expired and allowed to manage users.",
        "Enter a new token, without the word Bearer.", NO_WAY, "documented", "QUA",
    ),
    Cause(
        "compat.open_without_token", "Whoever asks without the right token is answered", VENDOR, ADVICE,
        "Entra works all the same, but anybody on the network can read, perhaps change, these accounts.",
        "Answer 401 to requests without a valid bearer token.",
        "Nothing in Entra helps: settle this with the vendor before going live.", NO_WAY, "documented", "TUT",
    ),
    Cause(
        "compat.refusal_not_401", "A wrong token is refused, but not with 401", VENDOR, ADVICE,
        "Entra may not take an expired token for what it is, and report another error.",
        "Answer 401 where the token is missing or wrong.",
        "Nothing to change; note when the token ends.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.throttled", "The endpoint refuses requests for their number (429)", VENDOR, CONDITIONAL,
        "Entra retries later; many such answers were reported to end in quarantine (unconfirmed).",
        "Allow at least 25 requests a second for each tenant, and send Retry-After with 429.",
        "Widen the assignment in small rings.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.server_error", "The endpoint fails with a server error (5xx) on plain requests", VENDOR, FAILS,
        "Entra logs InternalServerError and tries again in about 40 minutes, each time.",
        "Find the fault in the endpoint's own log; the request is quoted here.",
        "Leave provisioning off until it is mended.", NO_WAY, "documented", "TUT",
    ),
    Cause(
        "compat.plain_get_refused", "A GET without SCIM media types is refused (406 or 415)", VENDOR, FAILS,
        "Entra's test of the connection does not insist on a SCIM media type, so it is refused too.",
        "Answer GET with Accept: */* and without Content-Type.",
        "Nothing in Entra helps.", NO_WAY, "seen", "MicrosoftDocs/azure-docs#94189",
    ),
    Cause(
        "compat.charset_refused", "A body with `; charset=utf-8` behind its media type is refused", VENDOR, CONDITIONAL,
        "Whether Entra sends the charset is (unconfirmed); where it does, every write is refused.",
        "Accept application/scim+json with and without a charset.",
        "Watch the first creation of the pilot.", KNOW, "unconfirmed", "MicrosoftDocs/azure-docs#12728",
    ),
    Cause(
        "compat.answer_media_type", "Answers are not marked application/scim+json", VENDOR, ADVICE,
        "Microsoft asks for that media type on every answer; others were accepted where they were JSON.",
        "Send Content-Type: application/scim+json.",
        "Nothing to change.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.unknown_query_parameter", "An unknown query parameter is refused", VENDOR, CONDITIONAL,
        "The behaviour flag stands in the Tenant URL's query; whether each request repeats it is (unconfirmed).",
        "Ignore query parameters that you do not know.",
        "Prefer a Tenant URL without a flag.", KNOW, "unconfirmed", "CMP",
    ),
    # -- queries --------------------------------------------------------------
    Cause(
        "compat.no_match_not_empty_list", "A search without a hit is not answered with an empty list", VENDOR, FAILS,
        "Test Connection asks for somebody who cannot exist; anything but 200 and an empty list ends in quarantine.",
        "Answer 200 with a ListResponse whose totalResults is 0.",
        "Nothing in Entra helps.", NO_WAY, "documented", "TUT, QUA",
    ),
    Cause(
        "compat.not_a_list_response", "The answer to a query is not a ListResponse", VENDOR, FAILS,
        "Entra cannot read it and logs SystemForCrossDomainIdentityManagementServiceIncompatible.",
        "Answer every query with a ListResponse: schemas, totalResults, Resources, startIndex, itemsPerPage.",
        "Nothing in Entra helps.", NO_WAY, "documented", "TUT",
    ),
    Cause(
        "compat.filter_ignored", "The filter is ignored: people who do not match are returned", VENDOR, FAILS,
        "Every match would find the wrong account, or several: people would be linked to strangers.",
        "Evaluate `filter`; return only what matches.",
        "Leave provisioning off: this would mix up accounts.", NO_WAY, "documented", "TUT",
    ),
    Cause(
        "compat.matching_not_filterable", "The matching attribute cannot be searched by", BOTH, FAILS,
        "Entra looks for each person by {rows}; without an answer nobody is matched or created.",
        "Support `eq` filters on {rows}.",
        "Match by another attribute, one the endpoint can be searched by.", NO_WAY, "documented", "TUT",
    ),
    Cause(
        "compat.match_not_found", "Somebody who exists is not found by the matching attribute", VENDOR, FAILS,
        "Entra creates the person again: 409 in every cycle, or a second account.",
        "Find by {rows} whatever was stored there.",
        "Match by another attribute, one the endpoint finds people by.", NO_WAY, "documented", "HOW",
    ),
    Cause(
        "compat.match_reads_mail", "People are found by their mail address where the user name was asked for", VENDOR, CONDITIONAL,
        "Whoever has another mail address than the value of {rows} is not found, and created again; another person's mail finds a stranger.",
        "Compare what the filter names.",
        "Make sure that mail and {rows} are the same for everybody in scope, or map one source to both.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.renamed_not_found", "Whoever was renamed is not found by the new name", VENDOR, CONDITIONAL,
        "Entra goes by the id it has noted. Where it has to match again, after a restart with resetScope Full, the person is created a second time.",
        "Search the values as they are now.",
        "Do not reset the job's state (restart with resetScope Full) after people were renamed; correct them in the app first.", KNOW, "documented", "HOW",
    ),
    Cause(
        "compat.match_case_sensitive", "Somebody is not found when the matching value differs in case", VENDOR, CONDITIONAL,
        "Accounts that exist with other capital letters are not matched: conflicts, or second accounts.",
        "Compare userName without regard to case (it is caseExact false).",
        "Make sure that existing accounts are spelt as in Entra; ToLower in the mapping helps where the app holds them in lower case.", KNOW, "documented", "RFC 7643, 4.1.1",
    ),
    Cause(
        "compat.filter_words_case", "Attribute names or operators of a filter are compared with case", VENDOR, ADVICE,
        "Entra spells attributes as the mapping does; only a mapping in other spelling is hit.",
        "Compare attribute names and operators without regard to case.",
        "Spell the target attributes exactly as the endpoint does.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.filter_special_characters", "Special characters in a searched value break the search", VENDOR, CONDITIONAL,
        "People whose matching value holds such a character are not matched.",
        "Decode the query once and read the filter's text as JSON text.",
        "Find the people whose matching value holds such characters, and match by another attribute or leave them out.", KNOW, "documented", "KNO",
    ),
    Cause(
        "compat.filter_and", "A filter with `and` is not understood", VENDOR, ADVICE,
        "The test of a reference by id and manager uses `and`; whether it is still sent is (unconfirmed).",
        "Support `and` between `eq` comparisons.",
        "Nothing to change.", KNOW, "unconfirmed", "TUT",
    ),
    Cause(
        "compat.reference_filter", "A person cannot be searched by id together with a reference", VENDOR, ADVICE,
        "The test of a manager or member uses such a filter; whether it is still sent is (unconfirmed).",
        "Support `id eq … and manager eq …`, and for groups `id eq … and members eq …`.",
        "Nothing to change.", KNOW, "unconfirmed", "TUT",
    ),
    Cause(
        "compat.filter_typed_path", "A filter with a typed path is not understood", VENDOR, ADVICE,
        "Only where people are matched by such an attribute; this mapping does not.",
        "Support filters such as emails[type eq \"work\"].value eq \"…\".",
        "Do not match by a typed attribute.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.external_id_filter", "externalId cannot be searched by", VENDOR, ADVICE,
        "Microsoft asks for it; this mapping does not match by externalId.",
        "Support externalId eq.",
        "Do not match by externalId.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.word_strict", "Add on a value that is there, or Replace on one that is not, does not work", VENDOR, ADVICE,
        "Entra was seen to choose the word by what it last read; a Microsoft employee says to expect either.",
        "Take Add and Replace as “set” for attributes with one value.",
        "Nothing to change.", KNOW, "seen", "Microsoft Q&A",
    ),
    Cause(
        "compat.query_encoding", "A query is read wrongly: `+` or `%20` for a blank", VENDOR, FAILS,
        "Entra was seen to write blanks as `+`; an endpoint that does not read that understands no filter.",
        "Read both `+` and `%20` as a blank in the query.",
        "Nothing in Entra helps.", NO_WAY, "seen", "field captures of the query form",
    ),
    Cause(
        "compat.list_fields_missing", "Lists lack startIndex or itemsPerPage", VENDOR, ADVICE,
        "Matching works; account discovery and listing tools need these fields.",
        "Send totalResults, startIndex and itemsPerPage with every list.",
        "Nothing to change.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.paging", "Lists are not given in pages as asked", VENDOR, ADVICE,
        "Cycles do not list people. Account discovery, and comparing all accounts with Entra, do not work.",
        "Honour startIndex (from 1) and count, echo startIndex, and give the true totalResults.",
        "Do not use account discovery; compare accounts by an export of the app.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.paging_echo", "Lists do not say where they begin", VENDOR, ADVICE,
        "Cycles do not list people; account discovery needs startIndex.",
        "Echo startIndex in every list.",
        "Nothing to change.", KNOW, "documented", "VAL",
    ),
    Cause(
        "compat.attributes_parameter", "The parameter `attributes` is refused", VENDOR, ADVICE,
        "Only the test of references uses it; whether that is still sent is (unconfirmed).",
        "Honour `attributes`, or ignore it.",
        "Nothing to change.", KNOW, "unconfirmed", "TUT",
    ),
    Cause(
        "compat.missing_not_404", "Somebody who does not exist is not answered with 404", VENDOR, CONDITIONAL,
        "Entra does not learn that an account it knew is gone, and reports another error in every cycle.",
        "Answer 404 to GET, PATCH and DELETE of an unknown id.",
        "Do not delete accounts in the app by hand.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.error_body", "Errors do not come as SCIM error messages", VENDOR, ADVICE,
        "The provisioning log repeats what the endpoint says; without it nobody learns why a person failed.",
        "Send the Error message of SCIM with status as text and a detail that can be acted on.",
        "Nothing to change.", KNOW, "documented", "TUT",
    ),
    # -- discovery ------------------------------------------------------------
    Cause(
        "compat.schemas_missing", "/Schemas is not answered with a list", VENDOR, ADVICE,
        "Only certain gallery connectors ask for it; a non-gallery job does not.",
        "Answer GET /Schemas with a ListResponse of the schemas.",
        "Nothing to change.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.schemas_shape", "/Schemas holds nulls or misspelt words", VENDOR, ADVICE,
        "Connectors that read the schema may refuse to save the configuration.",
        "Leave out what has no value, and write words like readWrite as RFC 7643 does.",
        "Nothing to change.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.target_not_in_schema", "A mapped attribute is not among the endpoint's schemas", BOTH, ADVICE,
        "What the schema does not list may be dropped on arrival: {rows}.",
        "List every attribute that can be written.",
        "Check the spelling of {rows} in the mapping.", DROP_ROWS, "documented", "TUT",
    ),
    Cause(
        "compat.discovery_missing", "/ServiceProviderConfig or /ResourceTypes is missing", VENDOR, ADVICE,
        "No source says that the provisioning service asks for them; the gallery demands them.",
        "Offer both.",
        "Nothing to change.", KNOW, "documented", "App Gallery validation checklist",
    ),
    # -- creating and reading -------------------------------------------------
    Cause(
        "compat.create_refused", "Creating a person is refused", VENDOR, FAILS,
        "Nobody can be created. Accounts that exist could still be matched.",
        "Accept the creation quoted here.",
        "Clear the Create action if all accounts exist already; otherwise nothing in Entra helps.", NO_WAY, "documented", "TUT",
    ),
    Cause(
        "compat.attribute_refused", "A creation is refused because of single attributes", BOTH, CONDITIONAL,
        "Whoever has a value for {rows} is not created at all.",
        "Accept {rows}, or ignore it.",
        "Take these rows out of the mapping: {rows}.", DROP_ROWS, "documented", "TUT",
    ),
    Cause(
        "compat.listed_schema_refused", "A person is refused whose `schemas` lists the enterprise URN without its values", VENDOR, CONDITIONAL,
        "A published sample lists that URN always, another one only where it is used: which of them is sent is (unconfirmed).",
        "Accept the enterprise URN in `schemas`, with values or without.",
        "Watch the first creation of the pilot, of somebody without enterprise values.", KNOW, "unconfirmed", "TUT",
    ),
    Cause(
        "compat.create_without_id", "A creation is answered without an id", VENDOR, FAILS,
        "Entra cannot note which account belongs to whom; the next cycle knows nothing of it.",
        "Answer 201 with the resource and its id.",
        "Nothing in Entra helps.", NO_WAY, "documented", "TUT",
    ),
    Cause(
        "compat.create_status", "A creation is answered with another status than 201", VENDOR, ADVICE,
        "200 passes Microsoft's own tests; whether the service takes it is (unconfirmed).",
        "Answer 201.",
        "Watch the first creation of the pilot.", KNOW, "unconfirmed", "VAL",
    ),
    Cause(
        "compat.attribute_not_stored", "Attributes are accepted and not stored", BOTH, CONDITIONAL,
        "Entra finds {rows} empty at each look and sends it again; the app never has it.",
        "Store {rows}, or refuse it with 400.",
        "Take these rows out of the mapping: {rows}.", DROP_ROWS, "documented", "TUT",
    ),
    Cause(
        "compat.values_normalised", "Values are changed on arrival", BOTH, CONDITIONAL,
        "Entra sees a difference at each look and sends the value again: {rows}.",
        "Store values as they come, or refuse them.",
        "Send {rows} in the form the endpoint stores, by an expression, or take the rows out.", DROP_ROWS, "documented", "TUT",
    ),
    Cause(
        "compat.values_case_changed", "Values are stored in other capital letters", VENDOR, ADVICE,
        "Entra compares without case unless the target attribute says “Exact case?”, so nothing is sent again.",
        "Store values as they come.",
        "Leave “Exact case?” off for {rows}.", KNOW, "documented", "functions for customizing application data, ToLower",
    ),
    Cause(
        "compat.requires_values", "People who lack optional values are refused", BOTH, CONDITIONAL,
        "Whoever has no value for what the endpoint insists on is not created: {rows}.",
        "Insist on userName only.",
        "Give {rows} a default value or an expression, or leave these people out.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.special_characters_changed", "Names with accents, apostrophes or other special characters are changed or refused", VENDOR, CONDITIONAL,
        "People with such names fail, or are sent again in every cycle.",
        "Read and store UTF-8 as it comes.",
        "Find such names before the pilot; NormalizeDiacritics and Replace help where plain characters are acceptable.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.unknown_schema_refused", "A custom extension, or a schema URN it does not know, is refused", VENDOR, ADVICE,
        "Entra sends custom attributes under a URN that `schemas` does not list, and lists the enterprise URN always.",
        "Accept unknown or extra URNs and ignore what you do not know.",
        "Map no custom extension attribute.", DROP_ROWS, "documented", "TUT",
    ),
    Cause(
        "compat.nulls_refused", "JSON nulls or an empty list of roles are refused", VENDOR, ADVICE,
        "Entra leaves out what has no value; an older published message holds nulls, another an empty list of roles.",
        "Read null and [] as absent.",
        "Nothing to change.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.text_boolean_on_create", "A boolean as text is refused in a creation", VENDOR, ADVICE,
        "A creation carries a real boolean; text comes in changes only.",
        "Read \"True\" and \"False\" in any case as booleans.",
        "Nothing to change.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.duplicate_accepted", "The same person can be created twice", VENDOR, CONDITIONAL,
        "A creation that is repeated leaves two accounts; from then on the match finds both and the person fails.",
        "Answer 409 to a second userName.",
        "Match on something unique, and look for doubles before the first cycle.", KNOW, "documented", "RFC 7644, 3.3",
    ),
    Cause(
        "compat.duplicate_other_case", "The same person can be created again in other capital letters", VENDOR, ADVICE,
        "Entra finds the first one whatever the capital letters; others may have made a second.",
        "Compare userName without regard to case.",
        "Look for doubles before the first cycle.", KNOW, "documented", "RFC 7643, 4.1.1",
    ),
    Cause(
        "compat.duplicate_not_409", "A second creation is refused, but not with 409", VENDOR, ADVICE,
        "Entra logs another error than a conflict; the remedy is harder to find.",
        "Answer 409, with scimType uniqueness.",
        "Nothing to change.", KNOW, "documented", "RFC 7644, 3.3",
    ),
    Cause(
        "compat.duplicate_without_type", "A conflict lacks scimType uniqueness", VENDOR, ADVICE,
        "Entra goes by the status 409; the text only helps whoever reads the log.",
        "Send scimType uniqueness with 409.",
        "Nothing to change.", KNOW, "documented", "RFC 7644, 3.3",
    ),
    Cause(
        "compat.read_by_id", "A person cannot be read by the id of the creation", VENDOR, FAILS,
        "Entra reads each linked account by its id before it changes it; without that nothing is ever updated.",
        "Answer GET /Users/{id} with the resource.",
        "Nothing in Entra helps.", NO_WAY, "documented", "TUT",
    ),
    Cause(
        "compat.read_lag", "What was written is seen only a moment later", VENDOR, ADVICE,
        "Cycles are far enough apart; a manager or member created in the same cycle may fail once.",
        "Let a write be visible when it is answered.",
        "Expect single failures in the first cycle that mend themselves.", KNOW, "unconfirmed", "inferred",
    ),
    # -- changing -------------------------------------------------------------
    Cause(
        "compat.patch_refused", "PATCH is refused altogether", VENDOR, FAILS,
        "Nobody can be changed or switched off. Entra sends PATCH only, never PUT.",
        "Support PATCH as RFC 7644, 3.5.2 describes it.",
        "Nothing in Entra helps.", NO_WAY, "documented", "TUT",
    ),
    Cause(
        "compat.only_active", "Nothing but active can be changed", VENDOR, CONDITIONAL,
        "People can be switched off and on; changes of {rows} do not arrive.",
        "Support PATCH of every attribute that can be written.",
        "Let these rows apply only during object creation, or take them out: {rows}.", CREATE_ONLY, "documented", "TUT",
    ),
    Cause(
        "compat.patch_not_stored", "PATCH is accepted and changes nothing", VENDOR, FAILS,
        "Entra believes that people are changed and switched off; they are not.",
        "Apply every operation before answering.",
        "Nothing in Entra helps: leave provisioning off.", NO_WAY, "documented", "TUT",
    ),
    Cause(
        "compat.patch_drops_others", "A change of one attribute deletes others", VENDOR, FAILS,
        "Every change, switching off included, wipes what it does not name: {rows}.",
        "Change what the operations name, and nothing else; PATCH is not PUT.",
        "Nothing in Entra helps: leave provisioning off, data would be lost.", NO_WAY, "documented", "RFC 7644, 3.5.2",
    ),
    Cause(
        "compat.op_case", "Operations spelt `Add`, `Replace`, `Remove` are not understood", VENDOR, FAILS,
        "Without the flag Entra writes these words with a capital letter: no change arrives.",
        "Compare `op` without regard to case.",
        "Add the flag aadOptscim062020 to the Tenant URL (not for gallery connectors).", NO_WAY, "documented", "CMP",
    ),
    Cause(
        "compat.group_op_case", "Operations on groups spelt `Add`, `Replace`, `Remove` are not understood", VENDOR, FAILS,
        "Without the flag Entra writes these words with a capital letter: groups keep their first name and members.",
        "Compare `op` without regard to case.",
        "Add the flag aadOptscim062020 to the Tenant URL (not for gallery connectors), or switch the group mapping off.", GROUPS_OFF, "documented", "CMP",
    ),
    Cause(
        "compat.op_spelling", "`op` in unusual capital letters is not understood", VENDOR, ADVICE,
        "Entra's own two spellings work.",
        "Compare `op` without regard to case.",
        "Nothing to change.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.attribute_case", "Attribute names in other capital letters are not understood", VENDOR, ADVICE,
        "Entra spells attributes as the mapping does.",
        "Compare attribute names without regard to case.",
        "Spell the target attributes exactly as the endpoint does.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.add_refused", "`Add` for an attribute without a value does not work", VENDOR, CONDITIONAL,
        "Values that a person gets later never arrive: {rows}.",
        "Take Add and Replace as “set” for attributes with one value.",
        "Nothing in Entra chooses the word; tell people to expect missing values.", KNOW, "seen", "field captures; CMP",
    ),
    Cause(
        "compat.nested_path", "A dotted path such as name.familyName does not work", VENDOR, CONDITIONAL,
        "Changes of {rows} do not arrive, and the rest of the same message may be lost with them.",
        "Support paths with a sub-attribute.",
        "Let these rows apply only during object creation, or take them out: {rows}.", CREATE_ONLY, "documented", "TUT",
    ),
    Cause(
        "compat.typed_path_refused", "A typed path such as emails[type eq \"work\"].value does not work", VENDOR, CONDITIONAL,
        "Changes of {rows} do not arrive, and the rest of the same message may be lost with them.",
        "Support value filters in paths.",
        "Let these rows apply only during object creation, or take them out: {rows}.", CREATE_ONLY, "documented", "TUT",
    ),
    Cause(
        "compat.typed_path_needs_element", "A typed path works only where the element exists already", VENDOR, CONDITIONAL,
        "Whoever gets a value for {rows} later fails with noTarget, and the rest of the same message with it.",
        "Create the element, with the type of the filter, where none matches.",
        "Take out the rows that not everybody has from the beginning: {rows}.", CREATE_ONLY, "seen", "Captain-P-Goldfish/scim-for-keycloak#73",
    ),
    Cause(
        "compat.typed_path_splits", "Parts of one typed element end in several elements", VENDOR, CONDITIONAL,
        "An address arrives in pieces, and Entra finds a difference at each look: {rows}.",
        "Put operations with the same filter into one element.",
        "Keep one row of each typed element: {rows}.", DROP_ROWS, "seen", "field captures",
    ),
    Cause(
        "compat.siblings_lost", "Changing one value loses others", VENDOR, CONDITIONAL,
        "A change of {rows} deletes values beside it: data is lost.",
        "Change what the path names and nothing else.",
        "Let these rows apply only during object creation, or take them out: {rows}.", CREATE_ONLY, "seen", "limosa-io/laravel-scim-server#34",
    ),
    Cause(
        "compat.extension_path", "A path with a schema URN does not work", VENDOR, CONDITIONAL,
        "Changes of {rows} do not arrive, and the rest of the same message may be lost with them.",
        "Support paths `{URN}:{attribute}`.",
        "Let these rows apply only during object creation, or take them out: {rows}.", CREATE_ONLY, "documented", "TUT",
    ),
    Cause(
        "compat.pathless", "An operation without a path does not work", VENDOR, FAILS,
        "With the flag, several replacements travel in one operation without a path: no such change arrives.",
        "Merge the object in `value` into the resource.",
        "Take the flag aadOptscim062020 off the Tenant URL.", NO_WAY, "documented", "CMP",
    ),
    Cause(
        "compat.pathless_keys", "Dotted or URN keys of an operation without a path are not expanded", VENDOR, FAILS,
        "With the flag, names and extension attributes come as keys like name.givenName: they do not arrive.",
        "Read such keys as paths.",
        "Take the flag aadOptscim062020 off the Tenant URL.", NO_WAY, "documented", "CMP",
    ),
    Cause(
        "compat.several_operations", "Several operations in one message do not work", VENDOR, FAILS,
        "Entra changes several attributes at once; only some arrive, or none.",
        "Apply all operations of a message, in their order.",
        "Nothing in Entra helps.", NO_WAY, "documented", "TUT",
    ),
    Cause(
        "compat.row_not_changed", "Single attributes cannot be changed later", BOTH, CONDITIONAL,
        "They arrive when a person is created; changes of {rows} do not.",
        "Accept changes of {rows}.",
        "Let these rows apply only during object creation, or take them out: {rows}.", CREATE_ONLY, "documented", "TUT",
    ),
    Cause(
        "compat.not_atomic", "A message that fails changes something all the same", VENDOR, ADVICE,
        "Entra reads before each change, so the rest is sent again.",
        "Apply all operations of a message or none.",
        "Nothing to change.", KNOW, "documented", "RFC 7644, 3.5.2",
    ),
    Cause(
        "compat.bad_message_fails_server", "A message it does not like ends in a server error", VENDOR, ADVICE,
        "Entra takes 5xx for a passing fault and sends the same again.",
        "Answer 400 to what cannot be applied.",
        "Nothing to change.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.id_changes", "The id of a person changes", VENDOR, FAILS,
        "Entra keeps the id for ever; afterwards it does not find the account again and may create another.",
        "Never change an id, and never use it again.",
        "Nothing in Entra helps.", NO_WAY, "documented", "TUT, HOW",
    ),
    Cause(
        "compat.id_reused", "Whoever is created again after a deletion gets the old id", VENDOR, ADVICE,
        "Entra forgets the id together with the person it has deleted; whoever else keeps that id takes the new account for the old one.",
        "Never use an id again.",
        "Do not delete accounts in the app by hand.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.rename", "The matching value cannot be changed", VENDOR, CONDITIONAL,
        "Whoever gets another name in Entra keeps the old one in the app: {rows}.",
        "Allow changes of {rows}.",
        "Let {rows} apply only during object creation.", CREATE_ONLY, "documented", "TUT",
    ),
    # -- manager --------------------------------------------------------------
    Cause(
        "compat.manager_text_refused", "The manager's id as plain text is not accepted", VENDOR, CONDITIONAL,
        "Entra sends the manager as a bare id: whoever has a manager fails.",
        "Accept a text, {\"value\": id} and [{\"value\": id}].",
        "Take the manager row out of the mapping.", DROP_ROWS, "seen", "apache/directory-scimple#1242; MicrosoftDocs/azure-docs#11784",
    ),
    Cause(
        "compat.manager_text_on_create", "A creation that names a manager is refused, or loses the manager", VENDOR, ADVICE,
        "References are written in a later request, so this is not what usually happens.",
        "Accept the manager's id in a creation.",
        "Nothing to change.", KNOW, "documented", "HOW",
    ),
    Cause(
        "compat.manager_answered_bare", "The manager comes back as plain text instead of an object", VENDOR, CONDITIONAL,
        "Entra cannot read such a person and logs SystemForCrossDomainIdentityManagementServiceIncompatible.",
        "Answer manager as an object with `value`.",
        "Take the manager row out of the mapping.", DROP_ROWS, "seen", "Budibase/budibase#15369",
    ),
    Cause(
        "compat.manager_not_stored", "The manager is accepted and not given back", VENDOR, CONDITIONAL,
        "Entra sends the manager again in every cycle.",
        "Store the manager and answer it as an object with `value`.",
        "Take the manager row out of the mapping.", DROP_ROWS, "seen", "MicrosoftDocs/azure-docs#11784",
    ),
    Cause(
        "compat.manager_other_shapes", "The manager as an object or a list is not accepted", VENDOR, ADVICE,
        "The tutorial's listing shows a list of one, with the path manager; traffic showed a bare id.",
        "Accept a text, {\"value\": id} and [{\"value\": id}].",
        "Nothing to change.", KNOW, "seen", "TUT",
    ),
    # -- switching off and on -------------------------------------------------
    Cause(
        "compat.boolean_text_refused", "`\"False\"` as text is refused for active", VENDOR, FAILS,
        "Without the flag Entra switches people off with text: leavers keep their access.",
        "Read \"True\" and \"False\" in any case as booleans.",
        "Add the flag aadOptscim062020 to the Tenant URL (not for gallery connectors).", NO_WAY, "documented", "AzureAD/SCIMReferenceCode#21; CMP",
    ),
    Cause(
        "compat.boolean_text_taken_as_true", "`\"False\"` as text is taken for true", VENDOR, FAILS,
        "Without the flag people are switched off with text: the endpoint says yes, and leavers keep their access.",
        "Read \"True\" and \"False\" in any case as booleans.",
        "Add the flag aadOptscim062020 to the Tenant URL (not for gallery connectors).", NO_WAY, "documented", "CMP",
    ),
    Cause(
        "compat.boolean_stored_as_text", "`active` comes back as text", VENDOR, CONDITIONAL,
        "How Entra compares a text with a boolean is (unconfirmed); the app itself may read \"False\" as true.",
        "Store and answer a JSON boolean.",
        "Check in the app that a disabled person cannot sign in.", KNOW, "unconfirmed", "TUT",
    ),
    Cause(
        "compat.boolean_json_refused", "`false` as a JSON boolean is refused for active", VENDOR, FAILS,
        "With the flag Entra switches people off with a real boolean: leavers keep their access.",
        "Accept JSON booleans.",
        "Take the flag aadOptscim062020 off the Tenant URL.", NO_WAY, "documented", "CMP",
    ),
    Cause(
        "compat.disable_not_stored", "Switching off is accepted and people stay active", VENDOR, FAILS,
        "Entra believes that leavers are switched off; they are not.",
        "Store active false.",
        "Nothing in Entra helps: leave provisioning off, or switch leavers off by hand.", NO_WAY, "documented", "TUT",
    ),
    Cause(
        "compat.inactive_hidden", "Whoever is switched off cannot be found or read any more", VENDOR, FAILS,
        "Assigned again, the person is not found: a second account, or a conflict in every cycle.",
        "Keep inactive people readable and findable; only a deleted one may vanish.",
        "Nothing in Entra helps.", NO_WAY, "documented", "TUT",
    ),
    Cause(
        "compat.restore_refused", "Whoever was switched off cannot be switched on again", VENDOR, FAILS,
        "A person who comes back stays locked out.",
        "Accept active true for an inactive person.",
        "Nothing in Entra helps.", NO_WAY, "documented", "HOW",
    ),
    Cause(
        "compat.active_hidden", "`active` is not given back", BOTH, CONDITIONAL,
        "Entra cannot see who is switched off and sends active again in every cycle.",
        "Answer active with every person.",
        "Check in the app that a disabled person cannot sign in.", KNOW, "documented", "TUT",
    ),
    # -- deleting -------------------------------------------------------------
    Cause(
        "compat.delete_refused", "Deleting is refused", VENDOR, CONDITIONAL,
        "Whoever is deleted for good in Entra stays in the app, switched off before.",
        "Answer DELETE /Users/{id} with 204.",
        "Clear the Delete action of the mapping, and delete accounts in the app.", KNOW, "documented", "HOW",
    ),
    Cause(
        "compat.deleted_still_there", "Whoever was deleted can still be read or found", VENDOR, CONDITIONAL,
        "A later person of the same name is linked to the deleted account.",
        "After DELETE answer 404 to GET, and find nothing.",
        "Clear the Delete action of the mapping.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.delete_status", "A deletion is answered with another status than 204", VENDOR, ADVICE,
        "The account is gone; Microsoft asks for 204.",
        "Answer 204 without a body.",
        "Nothing to change.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.name_not_free", "The name of a deleted person cannot be used again", VENDOR, CONDITIONAL,
        "Somebody who comes back after being deleted for good cannot be created.",
        "Free the userName on DELETE.",
        "Restore such people in the app by hand.", KNOW, "documented", "HOW",
    ),
    # -- groups ---------------------------------------------------------------
    Cause(
        "compat.no_groups", "There is no Groups endpoint", BOTH, FAILS,
        "The group mapping is on by default; a job that asks for groups here goes into quarantine though all people succeed.",
        "Offer /Groups, or say that groups are not supported.",
        "Switch the group mapping off.", GROUPS_OFF, "documented", "grokability/snipe-it#11913; QUA",
    ),
    Cause(
        "compat.groups_not_searchable", "Groups cannot be searched by displayName", VENDOR, FAILS,
        "No group can be matched or created.",
        "Support displayName eq on /Groups with excludedAttributes=members; answer an empty list where nothing matches.",
        "Switch the group mapping off.", GROUPS_OFF, "documented", "TUT",
    ),
    Cause(
        "compat.group_create_refused", "Creating a group is refused", VENDOR, FAILS,
        "No group arrives.",
        "Accept a group with displayName and externalId, without members.",
        "Switch the group mapping off.", GROUPS_OFF, "documented", "TUT",
    ),
    Cause(
        "compat.group_schema_refused", "A group with Microsoft's own schema URN is refused", VENDOR, FAILS,
        "Entra lists that URN with every new group: no group arrives.",
        "Ignore schema URNs that you do not know.",
        "Switch the group mapping off.", GROUPS_OFF, "documented", "TUT",
    ),
    Cause(
        "compat.group_not_stored", "Values of a group are not stored as sent", VENDOR, CONDITIONAL,
        "Entra sends them again at each look: {rows}.",
        "Store values as they come.",
        "Take these rows out of the group mapping: {rows}.", DROP_ROWS, "documented", "TUT",
    ),
    Cause(
        "compat.group_duplicate_accepted", "The same group can be created twice", VENDOR, ADVICE,
        "Two groups of one name: the match finds both, and the group fails.",
        "Refuse a second displayName with 409.",
        "Look for groups of the same name before the first cycle.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.group_rename", "A group cannot be renamed", VENDOR, CONDITIONAL,
        "Groups keep their first name.",
        "Accept a change of displayName.",
        "Do not rename groups, or switch the group mapping off.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.group_case_sensitive", "A group is not found when its name differs in case", VENDOR, ADVICE,
        "A group that exists with other capital letters is not taken over.",
        "Compare displayName without regard to case.",
        "Make sure that groups which exist already are spelt as in Entra.", KNOW, "documented", "RFC 7643, 4.2",
    ),
    Cause(
        "compat.group_read_lost", "A group cannot be read by its id", VENDOR, FAILS,
        "Entra reads a linked group before it changes it.",
        "Answer GET /Groups/{id}.",
        "Switch the group mapping off.", GROUPS_OFF, "documented", "TUT",
    ),
    Cause(
        "compat.members_not_excluded", "Members are returned although excluded", VENDOR, CONDITIONAL,
        "Large groups can end in SystemForCrossDomainIdentityManagementMultipleEntriesInResponse.",
        "Honour excludedAttributes=members on reading and searching.",
        "Keep groups small, or switch the group mapping off.", GROUPS_OFF, "documented", "TUT",
    ),
    Cause(
        "compat.member_add_refused", "Adding a member does not work", VENDOR, FAILS,
        "Groups arrive and stay empty.",
        "Accept Add with path members and a list of {\"value\": id}, where $ref may be null.",
        "Switch the group mapping off.", GROUPS_OFF, "documented", "TUT",
    ),
    Cause(
        "compat.members_not_shown", "Members of a group are accepted and never given back", VENDOR, CONDITIONAL,
        "Entra leaves members out of all it reads, so cycles go on; whether members arrive, and leave again, cannot be told from outside.",
        "Answer members where they are not excluded.",
        "Look into the app whether the first group of the pilot has its members, and loses them.", KNOW, "documented", "RFC 7643, 4.2",
    ),
    Cause(
        "compat.member_add_replaces", "Adding a member drops those who were there", VENDOR, FAILS,
        "Each addition empties the group of everybody else.",
        "Add to the members that are there.",
        "Switch the group mapping off.", GROUPS_OFF, "documented", "TUT",
    ),
    Cause(
        "compat.member_add_several", "Several members cannot be added in one message", VENDOR, CONDITIONAL,
        "How many members Entra puts into one message is (unconfirmed); published ones hold one.",
        "Accept several members in one operation.",
        "Watch the first group of the pilot.", KNOW, "unconfirmed", "VAL",
    ),
    Cause(
        "compat.member_null_ref", "A member with `$ref` null is refused", VENDOR, FAILS,
        "Entra was seen to send $ref as null: no member arrives.",
        "Ignore $ref where it is null.",
        "Switch the group mapping off.", GROUPS_OFF, "documented", "TUT",
    ),
    Cause(
        "compat.member_twice", "Adding the same member again doubles it or fails", VENDOR, CONDITIONAL,
        "A message that is repeated leaves a double member, or the group in an error.",
        "Leave the group as it is when the member is there.",
        "Watch groups for errors after a restart of provisioning.", KNOW, "seen", "AzureAD/SCIMReferenceCode#10",
    ),
    Cause(
        "compat.member_remove_clears_all", "Removing one member removes all", VENDOR, FAILS,
        "One person leaves a group and everybody loses the access it gives.",
        "Remove the members that `value` or the path's filter names, and no others.",
        "Switch the group mapping off.", GROUPS_OFF, "documented", "CMP; SimpleIdServer/SimpleIdServer#244",
    ),
    Cause(
        "compat.member_remove_refused", "Removing a member with its id in `value` does not work", VENDOR, FAILS,
        "Without the flag nobody is ever taken out of a group: access stays.",
        "Accept Remove with path members and a list in value.",
        "Add the flag aadOptscim062020 to the Tenant URL (not for gallery connectors), or switch the group mapping off.", GROUPS_OFF, "documented", "CMP",
    ),
    Cause(
        "compat.member_path_remove_refused", "Removing a member by a path with a filter does not work", VENDOR, FAILS,
        "With the flag nobody is ever taken out of a group: access stays.",
        "Accept remove with path members[value eq \"id\"].",
        "Take the flag aadOptscim062020 off the Tenant URL, or switch the group mapping off.", GROUPS_OFF, "documented", "CMP",
    ),
    Cause(
        "compat.absent_member_remove", "Removing somebody who is no member is an error", VENDOR, ADVICE,
        "A message that is repeated fails, though the group is as it should be.",
        "Answer 204 where there is nothing to remove.",
        "Nothing to change.", KNOW, "unconfirmed", "inferred",
    ),
    Cause(
        "compat.membership_lost_inactive", "Whoever is switched off loses the group memberships", VENDOR, CONDITIONAL,
        "Entra does not write memberships again when the person comes back.",
        "Keep memberships while a person is inactive.",
        "Restart provisioning after people come back.", KNOW, "documented", "HOW",
    ),
    Cause(
        "compat.group_patch_answer", "A change of a group is answered with its members", VENDOR, ADVICE,
        "Large groups make large answers; Microsoft asks for 204.",
        "Answer PATCH of a group with 204.",
        "Nothing to change.", KNOW, "documented", "TUT",
    ),
    Cause(
        "compat.group_delete", "Deleting a group does not work", VENDOR, CONDITIONAL,
        "Groups that are gone in Entra stay in the app.",
        "Answer DELETE /Groups/{id} with 204, and 404 afterwards.",
        "Clear the Delete action of the group mapping.", KNOW, "documented", "TUT",
    ),
)  # fmt: skip

CAUSES: dict[str, Cause] = {cause.code: cause for cause in _ALL}


def name_source(text: str) -> str:
    """A cause's source with the documents' whole titles.

    >>> name_source("KNO; RFC 7644, 3.3")
    'Known issues for provisioning; RFC 7644, 3.3'
    """
    return re.sub(r"\b(" + "|".join(DOCUMENTS) + r")\b", lambda found: DOCUMENTS[found[1]], text)
