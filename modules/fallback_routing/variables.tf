variable "alarm" {
  description = "Where to look for the metric, whom to tell, and how many requests served by a fallback in a minute are too many."
  type = object({
    metrics_namespace = string
    per_minute        = optional(number, 20)
    topic_arn         = string
  })
  nullable = false
}

variable "bedrock_model_arns" {
  description = "Bedrock models and inference profiles that only fallbacks use. An inference profile needs its own ARN and those of its models."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.bedrock_model_arns : can(regex("^arn:[a-z-]+:bedrock:[a-z0-9*-]*:[0-9]*:(foundation-model|inference-profile|application-inference-profile)/.+$", arn)) && !endswith(arn, "/*")])
    error_message = "bedrock_model_arns must name models or inference profiles, arn:aws:bedrock:<region>::foundation-model/<model>; a bare /* would allow all of them: name the ones that routes use."
  }
}

variable "bedrock_role_name" {
  description = "Role that calls Bedrock, which may then call the fallback models."
  type        = string
  nullable    = false
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

variable "routes" {
  description = "Routes by model alias: the targets in the order in which they are tried, after which statuses the next one is, and how long one may take."
  type = map(object({
    fallback_on = optional(list(number), [408, 429, 500, 502, 503, 504, 529])
    targets = list(object({
      model    = string
      provider = string
    }))
    timeout_seconds = optional(number, 600)
  }))
  nullable = false

  validation {
    condition     = alltrue([for route in var.routes : length(route.targets) >= 2 && length(route.targets) <= 10])
    error_message = "A route in routes has one target, and so nothing to fall back to, or more than ten: give it two to ten."
  }
  validation {
    condition     = alltrue([for route in var.routes : alltrue([for status in route.fallback_on : status >= 400 && status <= 599 && status != 401 && status != 403])])
    error_message = "fallback_on in routes must hold statuses from 400 to 599 other than 401 and 403: a wrong key does not get right at the next provider."
  }
}
