output "access_logs_bucket_name" {
  description = "Bucket for the access logs of load balancers (under `alb/`) and other buckets (under `s3/`)."
  value       = module.access_logs.name
}

output "dashboard_name" {
  description = "CloudWatch dashboard of the gateway."
  value       = aws_cloudwatch_dashboard.gateway.dashboard_name
}

output "gateway_log_group_name" {
  description = "Log group of the gateway container (Portkey)."
  value       = aws_cloudwatch_log_group.this["gateway"].name
}

output "log_group_names" {
  description = "Log groups of the task's containers: agent, collector, edge, gateway."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.name }
}

output "logs_kms_key_arn" {
  description = "KMS key for log groups and notifications. Its policy covers log groups named `/<name>/…`, `/aws/ecs/containerinsights/<name>/…` and `aws-waf-logs-<name>…`."
  value       = module.key.arn
}

output "metrics_namespace" {
  description = "CloudWatch namespace in which dashboard and alarms look for the agent's metrics."
  value       = local.namespace
}

output "notifications_topic_arn" {
  description = "SNS topic for alarms and budget notifications, known at plan time."
  value       = local.topic_arn
  depends_on  = [aws_sns_topic_policy.notifications]
}

output "otel_log_group_name" {
  description = "Log group of the collector: its own log and the metrics it writes as EMF records."
  value       = aws_cloudwatch_log_group.this["collector"].name
}
