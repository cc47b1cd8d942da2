module "compute" {
  source = "../modules/compute"

  context             = local.context
  deletion_protection = var.production
  identity = {
    invoke_scope = "${module.auth.resource_server_identifier}/invoke"
    issuer       = module.auth.issuer
    jwks_url     = module.auth.jwks_url
  }
  images = var.images
  logs = {
    group_names       = module.observability.log_group_names
    kms_key_arn       = local.logs.kms_key_arn
    metrics_namespace = module.observability.metrics_namespace
    retention_days    = local.logs.retention_days
    trace_share       = var.observability.trace_share
  }
  network = {
    alb_arn_suffix          = module.networking.alb_arn_suffix
    alb_security_group_id   = module.networking.alb_security_group_id
    private_subnets         = module.networking.private_subnets
    target_group_arn        = module.auth.target_group_arn
    target_group_arn_suffix = module.networking.alb_target_group_gateway_arn_suffix
    vpc_id                  = module.networking.vpc_id
  }
  providers_access = var.providers_access
  scaling          = var.scaling
  stores = merge(local.stores, {
    notifications_topic_arn = module.observability.notifications_topic_arn
    tables                  = { for key in ["audit", "ledger", "usage"] : key => local.tables[key] }
  })
  task = var.task
}
