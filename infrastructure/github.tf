# Opt-in: the roles that GitHub's workflows take. A person applies what is in here, the first time and later: no role
# of a workflow may change an identity, itself least of all. See docs/adr/0062-a-pull-request-reads-the-state-alone.md.
module "github_oidc" {
  source = "../modules/github_oidc"
  count  = var.github == null ? 0 : 1

  audit = {
    kms_key_arns        = [module.audit_log.kms_key_arn, module.ledger.kms_key_arn]
    records_bucket_arn  = "arn:aws:s3:::${module.audit_log.s3_bucket_name}"
    snapshot_bucket_arn = module.ledger.snapshot_bucket_arn
    table_arns          = module.ledger.table_arns
  }
  context       = local.context
  environment   = coalesce(var.github.environment, var.environment)
  oidc_provider = var.github.oidc_provider_arn == null ? null : { arn = var.github.oidc_provider_arn }
  repository    = var.github.repository
  state         = { bucket = var.state_bucket, folder = var.environment }
  zone          = var.domain == null ? null : { id = var.domain.zone_id }
}
