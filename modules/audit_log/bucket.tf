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
  name = "${var.context.name}-audit-${var.context.account_id}-${var.context.region}"

  # S3 asks for a checksum with every object that it locks (PutObject, Content-MD5); AWS's documents do not say that
  # Firehose sends one. Where it does not, its error log says so, and OFF delivers until AWS has an answer.
  object_lock = var.retention.lock_mode == "OFF" ? null : { days = var.retention.lock_days, mode = var.retention.lock_mode }
}

module "query_results" {
  source = "../bucket"

  access_logs    = var.access_logs
  force_destroy  = true # results can be had again
  kms_key        = { arn = module.key.arn }
  lifecycle_days = { expire = 30, expire_noncurrent = 7 }
  name           = "${var.context.name}-athena-${var.context.account_id}-${var.context.region}"
}
