locals {
  issuer       = "token.actions.githubusercontent.com"
  provider_arn = var.oidc_provider == null ? "arn:aws:iam::${var.context.account_id}:oidc-provider/${local.issuer}" : var.oidc_provider.arn
}

# AWS knows GitHub's certificate authorities, so there is no thumbprint to keep.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.oidc_provider == null ? 1 : 0

  client_id_list = ["sts.amazonaws.com"]
  url            = "https://${local.issuer}"
}
