"""Which root causes each defect of the crooked server must be told as, and the verdict for the default mapping.

Written from Microsoft's pages before the probe answered: what Entra does about each defect, without the flag in
the Tenant URL, people matched by userName, groups switched on. `works_if` where the administrator can do something in
Entra until the vendor mends it (add the flag, take a row out, switch the group mapping off), or where it depends on
the people; `works` where no message of this mapping in this dialect is hit.
"""

WORKS, WORKS_IF, FAILS, UNKNOWN = "works", "works_if", "fails", "unknown"

EXPECTED: dict[str, tuple[str, set[str]]] = {
    # searching
    "empty_search_404": (FAILS, {"no_match_not_empty_list"}),
    "plain_get_406": (FAILS, {"plain_get_refused"}),
    "plain_get_415": (FAILS, {"plain_get_refused"}),
    "filter_ignored": (FAILS, {"filter_ignored"}),
    "filter_names_exact": (WORKS, {"filter_words_case"}),
    "filter_operator_exact": (WORKS, {"filter_words_case"}),
    "filter_value_exact": (WORKS_IF, {"match_case_sensitive"}),
    "and_unsupported": (WORKS, {"filter_and"}),
    "typed_filter_unsupported": (WORKS, {"filter_typed_path"}),
    "external_id_filter_unsupported": (WORKS, {"external_id_filter"}),  # nobody is matched by it
    "group_name_filter_unsupported": (WORKS_IF, {"groups_not_searchable"}),
    "special_characters_break_filter": (WORKS_IF, {"filter_special_characters"}),
    "plus_not_decoded": (FAILS, {"query_encoding"}),
    "list_as_array": (FAILS, {"not_a_list_response"}),
    "total_missing": (FAILS, {"not_a_list_response"}),
    "start_index_missing": (WORKS, {"list_fields_missing"}),
    "paging_ignored": (WORKS, {"paging"}),
    "paging_endless": (WORKS, {"paging"}),
    "members_returned": (WORKS_IF, {"members_not_excluded"}),
    "search_reads_mail": (WORKS_IF, {"match_reads_mail"}),
    "search_reads_first_name": (WORKS_IF, {"renamed_not_found"}),
    "members_hidden": (WORKS_IF, {"members_not_shown"}),
    "group_name_exact": (WORKS, {"group_case_sensitive"}),
    "inactive_hidden_from_search": (FAILS, {"inactive_hidden"}),
    "inactive_hidden": (FAILS, {"inactive_hidden"}),
    # creating
    "create_200": (WORKS, {"create_status", "delete_status", "group_patch_answer"}),
    "create_without_id": (FAILS, {"create_without_id"}),
    "duplicates_accepted": (WORKS_IF, {"duplicate_accepted", "group_duplicate_accepted"}),
    "conflict_without_scim_type": (WORKS, {"duplicate_without_type"}),
    "conflict_500": (WORKS, {"duplicate_not_409"}),
    "username_lowered": (WORKS, {"values_case_changed"}),
    "phone_reformatted": (WORKS_IF, {"values_normalised"}),
    "title_dropped": (WORKS_IF, {"attribute_not_stored"}),
    "unknown_schema_refused": (WORKS_IF, {"group_schema_refused", "unknown_schema_refused"}),
    "null_refused": (WORKS, {"nulls_refused"}),
    "formatted_is_display": (WORKS_IF, {"values_normalised"}),
    "formatted_wins": (WORKS_IF, {"values_normalised"}),
    "ids_of_names": (WORKS, {"id_reused"}),
    "manager_answered_bare": (WORKS_IF, {"manager_answered_bare"}),
    "manager_string_refused": (WORKS_IF, {"manager_text_refused"}),
    "manager_object_refused": (WORKS, {"manager_other_shapes"}),
    "enterprise_dropped": (WORKS_IF, {"attribute_not_stored"}),
    "create_drops_typed": (WORKS_IF, {"attribute_not_stored"}),
    # changing
    "patch_405": (FAILS, {"patch_refused"}),
    "op_exact": (WORKS_IF, {"op_case"}),
    "string_boolean_refused": (WORKS_IF, {"boolean_text_refused"}),
    "false_text_is_true": (WORKS_IF, {"boolean_text_taken_as_true"}),
    "typed_missing_refused": (WORKS_IF, {"typed_path_needs_element"}),
    "typed_replaces_list": (WORKS_IF, {"siblings_lost"}),
    "patch_not_stored": (FAILS, {"patch_not_stored"}),
    "active_not_stored": (FAILS, {"disable_not_stored"}),
    "patch_first_only": (FAILS, {"several_operations"}),
    "patch_not_atomic": (WORKS, {"not_atomic"}),
    "pathless_refused": (WORKS, {"pathless"}),
    "dotted_keys_literal": (WORKS, {"pathless_keys"}),
    "urn_keys_refused": (WORKS, {"pathless_keys"}),
    "urn_path_refused": (WORKS_IF, {"extension_path"}),
    "id_changes_on_rename": (FAILS, {"id_changes"}),
    "unknown_path_500": (WORKS, {"bad_message_fails_server"}),
    # groups
    "no_groups": (WORKS_IF, {"no_groups"}),
    "group_op_exact": (WORKS_IF, {"group_op_case"}),
    "remove_member_clears_all": (WORKS_IF, {"member_remove_clears_all"}),
    "remove_by_value_refused": (WORKS_IF, {"member_remove_refused"}),
    "remove_by_filter_refused": (WORKS, {"member_path_remove_refused"}),
    "several_members_first_only": (WORKS_IF, {"member_add_several"}),
    "member_twice": (WORKS_IF, {"member_twice"}),
    "members_lost_when_inactive": (WORKS_IF, {"membership_lost_inactive"}),
    "group_patch_405": (WORKS_IF, {"member_add_refused", "group_rename"}),
    # deleting
    "delete_405": (UNKNOWN, {"delete_refused"}),  # what cannot be removed is not made: nothing more is asked
    "delete_is_soft": (WORKS_IF, {"deleted_still_there"}),
    # the way there
    "token_not_checked": (WORKS, {"open_without_token"}),
    "json_media_type": (WORKS, {"answer_media_type"}),
    "text_media_type": (WORKS, {"answer_media_type"}),
    "html_errors": (WORKS, {"error_body"}),
    "lag": (WORKS, {"read_lag"}),
    "throttles": (WORKS_IF, {"throttled"}),
    "refuses_unknown_parameters": (WORKS, {"unknown_query_parameter"}),
}
TIMELY = ("slow", "closes_connections", "closes_after_acting")  # for these only the end and the cleaning up count
