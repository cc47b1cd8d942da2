output "anomaly_monitor_arn" {
  description = "Cost anomaly monitor; null on the emulated AWS."
  value       = one(aws_ce_anomaly_monitor.this[*].arn)
}

output "budget_name" {
  description = "AWS budget of the deployment."
  value       = aws_budgets_budget.monthly.name
}
