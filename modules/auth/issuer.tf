locals {
  # What Cognito writes into the iss claim, and where it publishes its keys.
  issuer         = "https://cognito-idp.${var.context.region}.amazonaws.com/${aws_cognito_user_pool.this.id}"
  jwks_url       = "${local.issuer}/.well-known/jwks.json"
  token_endpoint = "https://${aws_cognito_user_pool_domain.this.domain}.auth.${var.context.region}.amazoncognito.com/oauth2/token"
}
