locals {
  name = "${var.prefix}-${var.environment}"

  context = {
    account_id = var.account_id
    emulated   = var.emulated
    name       = local.name
    region     = var.region
  }

  # What the bill is grouped by; see the feature cost attribution.
  cost_tag = { key = "Deployment", value = local.name }

  # Every resource gets these, and from here only.
  tags = merge(var.tags, {
    (local.cost_tag.key) = local.cost_tag.value
    Environment          = var.environment
    ManagedBy            = "terraform"
  })

  logs = {
    kms_key_arn    = module.observability.logs_kms_key_arn
    retention_days = var.observability.retention_days
  }
}
