# The one Terragrunt unit: infrastructure/ with the variables of environments/$GWCTL_ENV, one state for each environment.
# `gwctl plan NAME` and `gwctl deploy NAME` run it. By hand: GWCTL_ENV=dev TG_STRICT_MODE=true terragrunt plan
locals {
  name        = get_env("GWCTL_ENV")
  directory   = "${get_terragrunt_dir()}/environments/${local.name}"
  environment = yamldecode(file("${local.directory}/environment.yaml"))
  state       = local.environment.state

  # The emulated AWS of this machine has no host names for buckets, and takes any credentials.
  emulated = try(local.environment.emulated, false)
}

download_dir = "${get_terragrunt_dir()}/.terragrunt-cache/${local.name}"

terraform {
  # The copy has modules/ and dist/ beside infrastructure/, where it looks for them.
  source = "${get_terragrunt_dir()}//infrastructure"

  exclude_from_copy = [
    "docs",
    "environments",
    "portkey",
    "requirements",
    "scripts",
    "src",
    "tests",
  ]

  # The lock file is infrastructure/.terraform.lock.hcl, and nothing is copied back.
  copy_terraform_lock_file = false

  extra_arguments "environment" {
    commands           = get_terraform_commands_that_need_vars()
    required_var_files = ["${local.directory}/terraform.tfvars"]
  }
}

remote_state {
  backend = "s3"

  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }

  config = merge(
    {
      bucket       = local.state.bucket
      encrypt      = true
      key          = "${local.name}/terraform.tfstate"
      region       = try(local.state.region, local.environment.region)
      use_lockfile = true
    },
    try({ dynamodb_table = local.state.lock_table }, {}),
    local.emulated ? {
      skip_credentials_validation = true
      skip_metadata_api_check     = true
      skip_requesting_account_id  = true
      use_path_style              = true
    } : {},
  )
}
