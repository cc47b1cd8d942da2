output "athena_workgroup_name" {
  description = "Athena workgroup with the saved queries."
  value       = aws_athena_workgroup.audit.name
}

output "firehose_stream_arn" {
  description = "ARN of the stream that takes audit records, known at plan time."
  value       = "arn:aws:firehose:${var.context.region}:${var.context.account_id}:deliverystream/${local.stream_name}"
  depends_on  = [aws_kinesis_firehose_delivery_stream.audit]
}

output "firehose_stream_name" {
  description = "Stream that takes audit records."
  value       = aws_kinesis_firehose_delivery_stream.audit.name
}

output "glue_database_name" {
  description = "Glue database with the tables `records` and `records_by_team`."
  value       = aws_glue_catalog_database.audit.name
}

output "kms_key_arn" {
  description = "KMS key of the audit records and query results."
  value       = module.key.arn
}

output "s3_bucket_name" {
  description = "Bucket of the audit records."
  value       = module.records.name
}
