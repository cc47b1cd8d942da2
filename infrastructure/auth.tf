module "auth" {
  source = "../modules/auth"

  clients = merge(
    {
      admin   = { scopes = ["admin", "read"] }
      default = { scopes = ["invoke"] }
    },
    var.multi_client,
  )
  context             = local.context
  deletion_protection = var.production
  domain_prefix       = coalesce(var.token_domain_prefix, "${local.name}-${var.account_id}")
  jwt_rule = {
    listener_arn     = module.networking.alb_https_listener_arn
    target_group_arn = module.networking.alb_target_group_gateway_arn
  }
  resource_server = { identifier = var.scope_prefix }
}
