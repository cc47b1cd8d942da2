module "snapshots" {
  source = "../bucket"

  access_logs    = var.access_logs
  force_destroy  = !var.deletion_protection
  kms_key        = { arn = module.key.arn }
  lifecycle_days = { expire_noncurrent = var.snapshot_history_days }
  name           = "${var.context.name}-policy-${var.context.account_id}-${var.context.region}"
}
