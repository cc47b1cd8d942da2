module "ledger" {
  source = "../modules/ledger"

  access_logs           = { bucket = module.observability.access_logs_bucket_name }
  backup                = var.ledger.backup
  context               = local.context
  deletion_protection   = var.production
  snapshot_history_days = var.ledger.snapshot_history_days
}

locals {
  tables = { for key, name in module.ledger.table_names : key => { arn = module.ledger.table_arns[key], name = name } }

  # What agent and admin API read and write.
  stores = {
    audit_stream    = { arn = module.audit_log.firehose_stream_arn, name = module.audit_log.firehose_stream_name }
    kms_key_arn     = module.ledger.kms_key_arn
    snapshot_bucket = { arn = module.ledger.snapshot_bucket_arn, name = module.ledger.snapshot_bucket_name }
  }
}
