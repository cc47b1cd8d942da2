variable "bedrock_role_name" {
  description = "Role that calls Bedrock, which may then apply the guardrails."
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

variable "guardrails" {
  description = "Guardrails by name: strength of the content filters (NONE, LOW, MEDIUM, HIGH), kinds of personal data to BLOCK or ANONYMIZE, topics and words to refuse, and what a refused caller reads."
  type = map(object({
    blocked_message = optional(string, "This request was refused by policy.")
    blocked_words   = optional(list(string), [])
    content_filters = optional(map(string), {
      HATE          = "HIGH"
      INSULTS       = "HIGH"
      MISCONDUCT    = "HIGH"
      PROMPT_ATTACK = "HIGH"
      SEXUAL        = "HIGH"
      VIOLENCE      = "HIGH"
    })
    denied_topics = optional(map(object({
      definition = string
      examples   = optional(list(string), [])
    })), {})
    pii = optional(map(string), {})
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.guardrails) : can(regex("^[a-z][a-z0-9-]{0,28}$", name))])
    error_message = "Names in guardrails must be up to 29 lower-case letters, digits and hyphens: rename the one that is not."
  }
  validation {
    condition     = alltrue(flatten([for guardrail in var.guardrails : [for strength in values(guardrail.content_filters) : contains(["HIGH", "LOW", "MEDIUM", "NONE"], strength)]]))
    error_message = "content_filters in guardrails must be NONE, LOW, MEDIUM or HIGH."
  }
  validation {
    condition     = alltrue(flatten([for guardrail in var.guardrails : [for action in values(guardrail.pii) : contains(["ANONYMIZE", "BLOCK"], action)]]))
    error_message = "pii in guardrails must say BLOCK or ANONYMIZE for each kind."
  }
}
