module "records" {
  source = "../bucket"

  access_logs   = var.access_logs
  force_destroy = var.force_destroy
  kms_key       = { arn = module.key.arn }
  lifecycle_days = {
    expire            = var.retention.expire_days
    expire_noncurrent = 90
    transitions       = { GLACIER_IR = 180 } # rarely read, and Athena still can
  }
  name        = "${var.context.name}-audit-${var.context.account_id}-${var.context.region}"
  object_lock = { days = var.retention.lock_days, mode = var.retention.lock_mode }
  partition   = var.context.partition
}

module "query_results" {
  source = "../bucket"

  access_logs    = var.access_logs
  force_destroy  = true # results can be had again
  kms_key        = { arn = module.key.arn }
  lifecycle_days = { expire = 30, expire_noncurrent = 7 }
  name           = "${var.context.name}-athena-${var.context.account_id}-${var.context.region}"
  partition      = var.context.partition
}
