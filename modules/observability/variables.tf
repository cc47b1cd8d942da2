variable "alarms" {
  description = "Thresholds: budget refusals in five minutes, requests a minute below which errors are not judged, percent of 5xx, seconds until the first byte (p95), seconds that the ledger may lag, seconds that a policy may be old."
  type = object({
    budget_refusals        = optional(number, 100)
    error_minimum_requests = optional(number, 20)
    error_percent          = optional(number, 5)
    latency_p95_seconds    = optional(number, 30)
    metering_lag_seconds   = optional(number, 120)
    policy_age_seconds     = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.alarms.error_percent > 0 && var.alarms.error_percent <= 100
    error_message = "alarms.error_percent is a percentage: give a number above 0 and up to 100."
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

variable "emails" {
  description = "Addresses that receive every notification. AWS asks each of them to confirm."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", email))])
    error_message = "emails must hold e-mail addresses: correct or remove the entry without one @ and a domain."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` also deletes the stored access logs."
  type        = bool
  default     = false
  nullable    = false
}

variable "load_balancer" {
  description = "ARN suffixes of the load balancer and of the gateway's target group, as CloudWatch names them."
  type = object({
    arn_suffix              = string
    target_group_arn_suffix = string
  })
  nullable = false
}

variable "retention_days" {
  description = "For how many days logs and access logs are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.retention_days)
    error_message = "retention_days must be a period that CloudWatch Logs offers, of at least 90 days: 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "trace_share" {
  description = "Share of the requests, 0 to 1, that X-Ray keeps a trace of, beyond one a second."
  type        = number
  default     = 0.05
  nullable    = false

  validation {
    condition     = var.trace_share >= 0 && var.trace_share <= 1
    error_message = "trace_share is a share: give a number from 0 to 1, for example 0.05 for one in twenty."
  }
}
