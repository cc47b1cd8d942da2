variable "audit" {
  description = "What the scheduled check of the audit log reads: buckets of records and of policy snapshots, the tables audit, documents and ledger, and the keys of them all. Null: there is no role for it."
  type = object({
    kms_key_arns        = list(string)
    records_bucket_arn  = string
    snapshot_bucket_arn = string
    table_arns          = map(string)
  })
  default = null
}

variable "context" {
  description = "Where this is built: account, region and the name that every resource name starts with. `emulated` leaves out what the emulated AWS cannot do."
  type = object({
    account_id = string
    emulated   = optional(bool, false)
    name       = string
    region     = string
  })
  nullable = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.context.account_id))
    error_message = "context.account_id must be the 12 digits of the AWS account, as a string: quote it, leading zeros count."
  }
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.context.name))
    error_message = "context.name must be 3 to 20 lower-case letters, digits and hyphens, starting with a letter: AWS limits names of load balancers and buckets."
  }
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.context.region))
    error_message = "context.region must be the code of an AWS region, for example eu-central-1."
  }
}

variable "environment" {
  description = "GitHub environment whose jobs may apply. Its reviewers approve, and its branch rule must allow the default branch only."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.environment))
    error_message = "environment must be the name of a GitHub environment in letters, digits, hyphens and underscores: other characters are encoded in the subject, and * would let every environment in."
  }
}

variable "oidc_provider" {
  description = "GitHub's OpenID Connect provider of this account, where it is there already. Null: this module makes it; an account can have it once."
  type = object({
    arn = string
  })
  default = null

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.oidc_provider.arn)) || var.oidc_provider == null
    error_message = "oidc_provider.arn must be the ARN of the provider token.actions.githubusercontent.com: pass null to have it made here."
  }
}

variable "repository" {
  description = "The GitHub repository, with the ids that never change: `gh api repos/OWNER/NAME --jq '{owner_id: .owner.id, id: .id}'`. `immutable_subject` is false only for a repository from before 2026-07-15 that has not been renamed, moved or opted in since; `default_branch` may plan."
  type = object({
    default_branch    = optional(string, "main")
    id                = string
    immutable_subject = optional(bool, true)
    name              = string
    owner             = string
    owner_id          = string
  })
  nullable = false

  validation {
    condition     = can(regex("^[1-9][0-9]*$", var.repository.id)) && can(regex("^[1-9][0-9]*$", var.repository.owner_id))
    error_message = "repository.id and repository.owner_id must be the numbers that GitHub gave them: read them with gh api, a * would trust every repository of that name."
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+$", var.repository.name)) && can(regex("^[A-Za-z0-9-]+$", var.repository.owner)) && can(regex("^[A-Za-z0-9_./-]+$", var.repository.default_branch))
    error_message = "repository.owner, name and default_branch must be plain names: a * or ? would trust more than one."
  }
}

variable "state" {
  description = "Where Terraform's state of this deployment is: bucket, folder (the environment's name), and the KMS key if it has one of its own. Saved plans wait in the same bucket under `plans/<folder>/`."
  type = object({
    bucket      = string
    folder      = string
    kms_key_arn = optional(string)
  })
  nullable = false

  validation {
    condition     = can(regex("^[a-z0-9-]+$", var.state.folder))
    error_message = "state.folder must be the environment's name, without slashes."
  }
}

variable "zone" {
  description = "The Route 53 zone whose records the deployment makes. Null: it makes none."
  type = object({
    id = string
  })
  default = null
}
