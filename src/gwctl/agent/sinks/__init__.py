"""Where the agent's events go: the audit log, the usage table, notices of thresholds, metrics.

In: the file of usage events (`events`), notices of the quota engine. Out: records in Firehose, each at least once, and
sums in DynamoDB, each event exactly once (`shipper`); messages to SNS or a webhook (`thresholds`); OpenTelemetry
metrics (`metrics`). None of it is on the path of a request.
"""
