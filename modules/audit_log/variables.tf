variable "access_logs" {
  description = "Bucket that receives the access logs of the audit buckets. Null: none are kept."
  type = object({
    bucket = string
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

variable "delivery_seconds" {
  description = "For how long Firehose collects records before it writes a file."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.delivery_seconds >= 60 && var.delivery_seconds <= 900
    error_message = "delivery_seconds must be 60 to 900: Firehose accepts no other time."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` also deletes audit records, past their governance lock. Never in production."
  type        = bool
  default     = false
  nullable    = false
}

variable "logs" {
  description = "Key and retention of the log group for failed deliveries."
  type = object({
    kms_key_arn    = string
    retention_days = optional(number, 365)
  })
  nullable = false
}

variable "query_limit_gib" {
  description = "Athena ends a query that reads more than this."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.query_limit_gib >= 1
    error_message = "query_limit_gib must be at least 1: a smaller limit refuses every useful query."
  }
}

variable "retention" {
  description = "Days for which a record cannot be deleted, how firmly (`GOVERNANCE`, or `COMPLIANCE`: by nobody at all), and after how many it is deleted."
  type = object({
    expire_days = optional(number, 2557)
    lock_days   = optional(number, 365)
    lock_mode   = optional(string, "GOVERNANCE")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.retention.lock_days >= 1 && var.retention.expire_days >= var.retention.lock_days
    error_message = "retention.expire_days must not be smaller than retention.lock_days, which is at least 1: a locked record cannot expire."
  }
  validation {
    condition     = var.retention.expire_days > 180
    error_message = "retention.expire_days must be more than 180: records move to a cheaper storage class at that age."
  }
  validation {
    condition     = contains(["COMPLIANCE", "GOVERNANCE", "OFF"], var.retention.lock_mode)
    error_message = "retention.lock_mode must be GOVERNANCE or COMPLIANCE, or OFF for records that can be deleted."
  }
}
