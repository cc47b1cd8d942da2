"""The stores on AWS. With the environments, the only package that imports boto3."""
