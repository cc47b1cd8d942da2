locals {
  artifacts = coalesce(var.artifacts_dir, "${path.root}/../dist/admin")
  openapi   = try(file("${local.artifacts}/openapi.json"), "") # variables.tf says what to do when it is missing

  # One function for each path. Whoever changes a document adds a record of it and compiles all of them anew.
  writes_policy = { snapshots = "write", tables = { audit = "append", documents = "write" } }
  functions = {
    budgets = merge(local.writes_policy, { tables = merge(local.writes_policy.tables, { ledger = "get" }) })
    keys    = local.writes_policy
    policy  = merge(local.writes_policy, { clients_known = true })
    pricing = local.writes_policy
    routing = local.writes_policy
    scanner = local.writes_policy
    teams   = merge(local.writes_policy, { clients = true })
    usage   = { snapshots = "read", tables = { audit = "read", documents = "read", usage = "read" } }
  }
}

module "admin_api" {
  source = "../modules/admin_api"

  context = local.context
  domain  = local.admin_host == null ? null : { certificate_arn = module.admin_domain[0].certificate_arn, name = local.admin_host }
  endpoint = {
    allowed_cidrs       = var.admin_api.allowed_cidrs
    private_endpoint_id = var.admin_api.private ? { value = module.networking.vpc_endpoint_ids["execute-api"] } : null
  }
  functions = {
    for name, access in local.functions : name => { access = access, zip = "${local.artifacts}/${name}.zip" }
  }
  identity = {
    scope_prefix  = module.auth.resource_server_identifier
    user_pool_arn = module.auth.cognito_user_pool_arn
    user_pool_id  = module.auth.cognito_user_pool_id
  }
  logs            = local.logs
  openapi         = local.openapi
  providers_known = var.providers_known
  stores          = merge(local.stores, { tables = { for key in ["audit", "documents", "ledger", "usage"] : key => local.tables[key] } })
  throttle        = var.admin_api.throttle
}
