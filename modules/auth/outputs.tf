output "cognito_client_id" {
  description = "Client id of the client named default."
  value       = aws_cognito_user_pool_client.this["default"].id
}

output "cognito_client_ids" {
  description = "Client ids by name. The secrets are in Cognito; no output repeats them."
  value       = { for name, client in aws_cognito_user_pool_client.this : name => client.id }
}

output "cognito_token_endpoint" {
  description = "Where clients exchange their credentials for a token."
  value       = local.token_endpoint
}

output "cognito_user_pool_arn" {
  description = "ARN of the user pool."
  value       = aws_cognito_user_pool.this.arn
}

output "cognito_user_pool_id" {
  description = "Id of the user pool."
  value       = aws_cognito_user_pool.this.id
}

output "issuer" {
  description = "Issuer that tokens carry."
  value       = local.issuer
}

output "jwks_url" {
  description = "Where the issuer's public keys are."
  value       = local.jwks_url
}

output "resource_server_identifier" {
  description = "What stands before the slash in a scope."
  value       = aws_cognito_resource_server.gateway.identifier
}

output "target_group_arn" {
  description = "The target group of `jwt_rule`. Whoever registers targets by this output waits for the rule."
  value       = var.jwt_rule.target_group_arn
  depends_on  = [aws_cloudformation_stack.jwt_rule]
}
