# Cognito has no list without a flow: for an empty one it puts in those by which people sign in, with a password too
# (CreateUserPoolClient, ExplicitAuthFlows). To refresh is the least, and client credentials give nothing to refresh.
resource "aws_cognito_user_pool_client" "this" {
  for_each = var.clients

  name         = "${var.context.name}-${each.key}"
  user_pool_id = aws_cognito_user_pool.this.id

  access_token_validity                = each.value.token_minutes
  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_scopes                 = [for scope in each.value.scopes : "${var.resource_server.identifier}/${scope}"]
  enable_token_revocation              = true
  explicit_auth_flows                  = ["ALLOW_REFRESH_TOKEN_AUTH"]
  generate_secret                      = true
  prevent_user_existence_errors        = "ENABLED"
  supported_identity_providers         = ["COGNITO"]

  token_validity_units {
    access_token = "minutes"
  }

  # A client may ask only for scopes that exist.
  depends_on = [aws_cognito_resource_server.gateway]
}
