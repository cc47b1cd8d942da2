output "arn" {
  description = "ARN of the web ACL."
  value       = aws_wafv2_web_acl.this.arn
}

output "log_group_name" {
  description = "Log group of refused requests."
  value       = aws_cloudwatch_log_group.this.name
}

output "resource_arn" {
  description = "ARN of what is protected. Whoever opens it to traffic by this output waits for the firewall."
  value       = var.resource_arn
  depends_on  = [aws_wafv2_web_acl_association.this]
}
