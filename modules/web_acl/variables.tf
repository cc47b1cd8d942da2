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

variable "description" {
  description = "What the firewall stands in front of."
  type        = string
  nullable    = false
}

variable "logs" {
  description = "Key and retention of the log group for refused requests."
  type = object({
    kms_key_arn    = string
    retention_days = optional(number, 365)
  })
  nullable = false
}

variable "purpose" {
  description = "Short name of what it protects; follows the deployment's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.purpose))
    error_message = "purpose must be a short name of lower-case letters, digits and hyphens, for example gateway."
  }
}

variable "rate_limit" {
  description = "Requests that one address may send in five minutes before it is answered 429."
  type        = number
  default     = 10000
  nullable    = false

  validation {
    condition     = var.rate_limit >= 100 && var.rate_limit <= 2000000000
    error_message = "rate_limit must be 100 to 2000000000 requests in five minutes: WAF accepts no other number."
  }
}

variable "resource_arn" {
  description = "ARN of the load balancer or API stage behind it."
  type        = string
  nullable    = false
}
