output "api_execution_arn" {
  description = "ARN of the API for permissions to call it."
  value       = aws_api_gateway_rest_api.admin.execution_arn
}

output "api_id" {
  description = "Id of the API."
  value       = aws_api_gateway_rest_api.admin.id
}

output "api_url" {
  description = "Base URL of the admin API."
  value       = var.domain == null ? "https://${aws_api_gateway_rest_api.admin.id}.execute-api.${var.context.region}.amazonaws.com/${local.stage}" : "https://${var.domain.name}"
  depends_on  = [aws_api_gateway_method_settings.all, module.web_acl]
}

output "domain_target" {
  description = "What an alias record of the API's host name points at; null without one."
  value = var.domain == null ? null : {
    dns_name = aws_api_gateway_domain_name.this[0].regional_domain_name
    zone_id  = aws_api_gateway_domain_name.this[0].regional_zone_id
  }
}

output "function_names" {
  description = "Names of the functions by path."
  value       = { for name, function in aws_lambda_function.this : name => function.function_name }
}
