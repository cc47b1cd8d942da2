module "networking" {
  source = "../modules/networking"

  access_logs_bucket = module.observability.access_logs_bucket_name
  alb = merge(var.alb, {
    certificate_arn     = var.domain == null ? var.alb.certificate_arn : module.gateway_domain[0].certificate_arn
    deletion_protection = var.production
  })
  availability_zones = var.availability_zones
  cidr               = var.network.cidr
  context            = local.context
  endpoint_clients   = var.network.endpoint_clients
  extra_endpoints = concat(
    length(var.providers_access.bedrock_model_arns) > 0 ? ["bedrock-runtime"] : [],
    var.admin_api.private ? ["execute-api"] : [],
  )
  logs           = local.logs
  nat            = var.network.nat
  waf_rate_limit = var.network.waf_rate_limit
}
