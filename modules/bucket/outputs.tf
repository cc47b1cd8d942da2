output "arn" {
  description = "ARN of the bucket, known at plan time."
  value       = local.arn
  depends_on  = [aws_s3_bucket.this]
}

output "name" {
  description = "Name of the bucket, known at plan time. Whoever uses it waits for the bucket's policy, so that log delivery is allowed before it is switched on."
  value       = var.name
  depends_on  = [aws_s3_bucket_policy.this]
}
