output "account_id" {
  description = "Account it was built in."
  value       = var.account_id
}

output "admin_api_execution_arn" {
  description = "ARN of the admin API."
  value       = module.admin_api.api_execution_arn
}

output "admin_api_url" {
  description = "Base URL of the admin API."
  value       = module.admin_api.api_url
}

output "alb_arn" {
  description = "ARN of the load balancer."
  value       = module.networking.alb_arn
}

output "alb_dns_name" {
  description = "DNS name of the load balancer."
  value       = module.networking.alb_dns_name
}

output "athena_workgroup_name" {
  description = "Athena workgroup for questions to the audit log."
  value       = module.audit_log.athena_workgroup_name
}

output "audit_bucket_name" {
  description = "Bucket of the audit records."
  value       = module.audit_log.s3_bucket_name
}

output "audit_delivery_seconds" {
  description = "For how long Firehose collects audit records before it writes them."
  value       = var.audit_log.delivery_seconds
}

output "audit_stream_name" {
  description = "Firehose stream that takes audit records."
  value       = module.audit_log.firehose_stream_name
}

output "cognito_client_id" {
  description = "Client id of the default client."
  value       = module.auth.cognito_client_id
}

output "cognito_client_ids" {
  description = "Client ids by name."
  value       = module.auth.cognito_client_ids
}

output "cognito_token_endpoint" {
  description = "Where clients get tokens."
  value       = module.auth.cognito_token_endpoint
}

output "cognito_user_pool_id" {
  description = "Id of the user pool."
  value       = module.auth.cognito_user_pool_id
}

output "dashboard_name" {
  description = "CloudWatch dashboard."
  value       = module.observability.dashboard_name
}

output "deployment" {
  description = "Name of the deployment, with which its resources' names begin: prefix and environment."
  value       = local.name
}

output "ecr_repository_urls" {
  description = "Image repositories by container."
  value       = module.compute.ecr_repository_urls
}

output "ecs_cluster_name" {
  description = "Name of the cluster."
  value       = module.compute.ecs_cluster_name
}

output "ecs_service_name" {
  description = "Name of the service."
  value       = module.compute.ecs_service_name
}

output "environment" {
  description = "Name of the environment."
  value       = var.environment
}

output "fallback_route_documents" {
  description = "Route documents of the feature fallback routing, for `gwctl routing apply`; empty when it is off."
  value       = merge(module.fallback_routing[*].route_documents...)
}

output "gateway_url" {
  description = "URL that clients call."
  value       = var.domain == null ? "https://${module.networking.alb_dns_name}" : "https://${var.domain.gateway}"
}

output "github_role_arns" {
  description = "Roles of the workflows: apply, audit, plan, preview; empty when `github` is off."
  value = merge([
    for roles in module.github_oidc : {
      apply   = roles.apply_role_arn
      audit   = roles.audit_role_arn
      plan    = roles.plan_role_arn
      preview = roles.preview_role_arn
    }
  ]...)
}

output "glue_database_name" {
  description = "Glue database of the audit log."
  value       = module.audit_log.glue_database_name
}

output "guardrails" {
  description = "Id and version of each Bedrock guardrail by name; empty when the feature is off."
  value       = merge(module.bedrock_guardrails[*].guardrails...)
}

output "issuer" {
  description = "Issuer of the tokens."
  value       = module.auth.issuer
}

output "jwks_url" {
  description = "The issuer's public keys."
  value       = module.auth.jwks_url
}

output "log_group_names" {
  description = "Log groups by container."
  value       = module.observability.log_group_names
}

output "notifications_topic_arn" {
  description = "SNS topic for alarms and budget notifications."
  value       = module.observability.notifications_topic_arn
}

output "provider_secret_arns" {
  description = "Secrets that wait for the providers' keys, by provider id."
  value       = module.compute.provider_secret_arns
}

output "region" {
  description = "Region it was built in."
  value       = var.region
}

output "snapshot_bucket_name" {
  description = "Bucket of the policy snapshots."
  value       = module.ledger.snapshot_bucket_name
}

output "table_names" {
  description = "DynamoDB tables by short name: audit, documents, ledger, usage."
  value       = module.ledger.table_names
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = module.networking.vpc_id
}
