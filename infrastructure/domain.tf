module "gateway_domain" {
  source = "../modules/domain"
  count  = var.domain == null ? 0 : 1

  alias = {
    check_health = true
    dns_name     = module.networking.alb_dns_name
    zone_id      = module.networking.alb_zone_id
  }
  name    = var.domain.gateway
  zone_id = var.domain.zone_id
}

module "admin_domain" {
  source = "../modules/domain"
  count  = local.admin_host == null ? 0 : 1

  alias   = module.admin_api.domain_target
  name    = local.admin_host
  zone_id = var.domain.zone_id
}

locals {
  admin_host = one([for domain in var.domain[*] : domain.admin if domain.admin != null])
}
