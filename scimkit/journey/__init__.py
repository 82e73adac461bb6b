"""The journey: the steps of a tutorial, the function for each, and the record it leaves.

A step is a notebook. It calls verbs of these modules with the records of earlier steps and a handle, and keeps the
record that they return. The table names the main verb of each step; the rest are in `scimkit/__init__.py`.

    step           module            verb                     record
    1_plan         readiness         check_readiness          Readiness
    2_token        vendor_mail       write_mail
                   token_note        note_token               TokenNote
    3_app          enterprise_app    make_app                 EnterpriseApp
    4_scope        pilot_group       choose_pilot_group
                   scope             read_scope               Scope
    5a_connection  connection        report_connection        ConnectionReport
    5b_mapping     mapping_opinion   ask_microsoft
                   mapping.review    review_mapping           MappingReview
    5c_pilot       pilot             run_pilot                PilotResult
    5d_enable      forecast          make_forecast            Forecast
                   enablement        start_provisioning       Enablement
    6_monitor      monitor           summarize_logs           LogSummary

Beside them: `steps` is this order as data, `guide` has the tutorial's own words and clicks,
`filter_review` applies a scoping filter to real people, `prediction` is shared by the pilot and
the forecast.
"""
