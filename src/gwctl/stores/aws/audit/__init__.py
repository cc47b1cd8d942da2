"""The audit log on AWS: the stream that takes records, the bucket that has them, and what is written down of both."""
