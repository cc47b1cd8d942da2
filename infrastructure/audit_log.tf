module "audit_log" {
  source = "../modules/audit_log"

  access_logs      = { bucket = module.observability.access_logs_bucket_name }
  context          = local.context
  delivery_seconds = var.audit_log.delivery_seconds
  force_destroy    = !var.production
  logs             = local.logs
  query_limit_gib  = var.audit_log.query_limit_gib
  retention        = var.audit_log.retention
}
