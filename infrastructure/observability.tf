# First, because everything else logs with its key. Its alarms watch the load balancer, so Terraform makes those last.
module "observability" {
  source = "../modules/observability"

  alarms        = var.observability.alarms
  context       = local.context
  emails        = var.observability.emails
  force_destroy = !var.production
  load_balancer = {
    arn_suffix              = module.networking.alb_arn_suffix
    target_group_arn_suffix = module.networking.alb_target_group_gateway_arn_suffix
  }
  retention_days = var.observability.retention_days
  trace_share    = var.observability.trace_share
}
