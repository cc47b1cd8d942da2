variable "access_logs" {
  description = "Bucket that receives the access logs of the snapshot bucket. Null: none are kept."
  type = object({
    bucket = string
  })
  default = null
}

variable "backup" {
  description = "Opt-in: AWS Backup copies the tables every day, keeps copies for `keep_days`, and puts another into the vault of another account or region (`copy_to_vault_arn`). Null: point-in-time recovery alone."
  type = object({
    copy_to_vault_arn = optional(string)
    keep_days         = optional(number, 35)
  })
  default = null

  validation {
    condition     = var.backup == null || try(var.backup.keep_days >= 7 && var.backup.keep_days <= 3650, false)
    error_message = "backup.keep_days must be 7 to 3650: a mistake is often seen after days only."
  }
  validation {
    condition     = try(var.backup.copy_to_vault_arn, null) == null || can(regex("^arn:aws:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:", var.backup.copy_to_vault_arn))
    error_message = "backup.copy_to_vault_arn must be the ARN of a vault, arn:aws:backup:<region>:<account>:backup-vault:<name>."
  }
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

variable "deletion_protection" {
  description = "Whether the tables refuse to be deleted and `terraform destroy` keeps the snapshots."
  type        = bool
  default     = true
  nullable    = false
}

variable "snapshot_history_days" {
  description = "For how many days a replaced policy snapshot can still be read and rolled back to."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.snapshot_history_days >= 30
    error_message = "snapshot_history_days must be at least 30: a shorter history cannot answer what was in force last month."
  }
}

variable "tables" {
  description = "DynamoDB tables by short name: string keys, the attribute whose epoch seconds expire an item (`ttl`), secondary indexes by name. `documents` holds policy documents, `audit` who changed them, `ledger` spend, leases and reservations, `usage` daily totals."
  type = map(object({
    hash_key  = optional(string, "pk")
    indexes   = optional(map(object({ hash_key = string, range_key = string })), {})
    range_key = optional(string, "sk")
    ttl       = optional(string)
  }))
  default = {
    audit     = {}
    documents = {}
    ledger    = { ttl = "expires_at" }
    usage     = {}
  }
  nullable = false

  validation {
    condition     = length(setsubtract(["audit", "documents", "ledger", "usage"], keys(var.tables))) == 0
    error_message = "tables must contain audit, documents, ledger and usage: the admin API and the agent look for them by these names. Add what is missing."
  }
}
