variable "activate_tags" {
  description = "Cost allocation tags to activate. Only in the organisation's paying account; elsewhere leave it empty and have them activated there."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "anomaly_usd" {
  description = "US dollars above the expected cost at which an anomaly is reported."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.anomaly_usd > 0
    error_message = "anomaly_usd must be above 0: at 0 every fluctuation would be reported."
  }
}

variable "budget" {
  description = "What the deployment may cost in a month, in US dollars, and at which percentages of it to notify."
  type = object({
    alert_percents = optional(list(number), [50, 80, 100])
    monthly_usd    = number
  })
  nullable = false

  validation {
    condition     = var.budget.monthly_usd > 0 && length(var.budget.alert_percents) > 0 && length(var.budget.alert_percents) <= 9
    error_message = "budget.monthly_usd must be above 0 and budget.alert_percents hold one to nine percentages: a budget takes ten notifications, one is the forecast."
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

variable "cost_tag" {
  description = "Tag that every resource of the deployment carries and no other does."
  type = object({
    key   = string
    value = string
  })
  nullable = false
}

variable "topic_arn" {
  description = "SNS topic for the notifications. Its policy must let budgets.amazonaws.com and costalerts.amazonaws.com publish."
  type        = string
  nullable    = false
}
