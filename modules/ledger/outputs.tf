output "kms_key_arn" {
  description = "KMS key that encrypts the tables and the snapshots."
  value       = module.key.arn
}

output "snapshot_bucket_arn" {
  description = "ARN of the bucket of policy snapshots, known at plan time."
  value       = module.snapshots.arn
}

output "snapshot_bucket_name" {
  description = "Bucket of policy snapshots."
  value       = module.snapshots.name
}

output "table_arns" {
  description = "ARNs of the tables by short name, known at plan time."
  value = {
    for key, _ in aws_dynamodb_table.this :
    key => "arn:aws:dynamodb:${var.context.region}:${var.context.account_id}:table/${var.context.name}-${key}"
  }
}

output "table_names" {
  description = "Names of the tables by short name."
  value       = { for key, table in aws_dynamodb_table.this : key => table.name }
}
