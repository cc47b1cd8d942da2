"""The admin API: what the people in charge change, and what they ask.

In: HTTP requests to seven paths, as API Gateway hands them to Lambda. Out: policy documents in DynamoDB, one audit
record for each change, the compiled snapshot in S3, reports of usage.

    teams budgets routing scanner pricing usage    the functions, one `handler` each
    policy                                         another: versions, history, rollback
    http, crud, access, models                     what they share: one error shape, one way to read and write
    service, publisher                             load → change → compile → write → publish
    state, audit, difference, ordering, app_clients,
    usage_items, usage_report                      pure: no I/O
    stores                                         the interfaces of everything outside
    dynamodb, snapshots, usage_table, cognito      those interfaces on AWS; the only modules that speak to it
    history                                        for operators: list the changes, roll back, publish again
    openapi                                        the API's description, from the same code
"""
