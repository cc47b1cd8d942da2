"""The policy on AWS: its documents and records in DynamoDB, its snapshots in S3."""
