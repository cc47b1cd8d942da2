"""The admin API: what the people in charge change, and what they ask.

In: HTTP requests to eight paths, as API Gateway hands them to Lambda. Out: policy documents, one audit record for each
change, the compiled snapshot, reports of usage. `api` speaks HTTP, `service` makes the changes, `gwctl.stores` keeps
them.
"""
