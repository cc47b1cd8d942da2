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

variable "domain" {
  description = "Host name of the API and its certificate in ACM. With it the API answers only there, by TLS 1.2 or higher. Null: the host name that AWS gives it."
  type = object({
    certificate_arn = string
    name            = string
  })
  default = null

  validation {
    condition     = var.domain == null || try(var.endpoint.private_endpoint_id, null) == null
    error_message = "domain is for a regional API: remove it, or remove endpoint.private_endpoint_id."
  }
}

variable "endpoint" {
  description = "From where the API can be reached: through one VPC endpoint (`private_endpoint_id.value`), from the address ranges in `allowed_cidrs`, or, if both are empty, from everywhere."
  type = object({
    allowed_cidrs       = optional(list(string), [])
    private_endpoint_id = optional(object({ value = string }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for cidr in var.endpoint.allowed_cidrs : can(cidrhost(cidr, 0))])
    error_message = "endpoint.allowed_cidrs must hold address ranges such as 203.0.113.0/24: correct the entry that is none."
  }
}

variable "functions" {
  description = "One function for each first part of a path: its zip (`gwctl build lambda`) and what it may use. Levels are none, read and write, for a table also append and get (items whose keys are known); `audit` sends records to Firehose, `clients` manages app clients, `clients_known` only learns whether one exists."
  type = map(object({
    access = object({
      audit         = optional(bool, false)
      clients       = optional(bool, false)
      clients_known = optional(bool, false)
      snapshots     = optional(string, "none")
      tables        = optional(map(string), {})
    })
    concurrency     = optional(number, -1)
    handler         = optional(string)
    memory_mb       = optional(number, 512)
    timeout_seconds = optional(number, 15)
    zip             = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for function in var.functions : alltrue([for level in values(function.access.tables) : contains(["append", "get", "none", "read", "write"], level)]) && contains(["none", "read", "write"], function.access.snapshots)])
    error_message = "Access levels in functions must be none, read or write, for a table also append or get."
  }
  validation {
    condition     = alltrue([for function in var.functions : function.timeout_seconds >= 1 && function.timeout_seconds <= 29])
    error_message = "timeout_seconds in functions must be 1 to 29: API Gateway waits no longer."
  }
  validation {
    condition     = alltrue([for function in var.functions : fileexists(function.zip)])
    error_message = "A zip in functions does not exist: run `gwctl build lambda` and give the path it prints."
  }
}

variable "identity" {
  description = "The user pool whose tokens are accepted, and what stands before the slash in its scopes."
  type = object({
    scope_prefix  = optional(string, "gateway")
    user_pool_arn = string
    user_pool_id  = string
  })
  nullable = false
}

variable "logs" {
  description = "Key and retention of the log groups."
  type = object({
    kms_key_arn    = string
    retention_days = optional(number, 365)
  })
  nullable = false
}

variable "openapi" {
  description = "The API as an OpenAPI document, JSON or YAML text. Paths, methods and the scopes of their `security` are used."
  type        = string
  nullable    = false

  validation {
    condition     = can(keys(try(jsondecode(var.openapi), yamldecode(var.openapi)).paths))
    error_message = "openapi must be the text of an OpenAPI document with paths: pass file(\"openapi.json\"), not its path."
  }
}

variable "providers_known" {
  description = "Provider documents that routes may name, as gwctl.policy.documents.Provider reads them. No secrets: those are in Secrets Manager under the same id."
  type = list(object({
    azure_api_version = optional(string)
    azure_resource    = optional(string)
    base_url          = optional(string)
    id                = string
    kind              = string
    project           = optional(string)
    region            = optional(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for provider in var.providers_known : contains(["anthropic", "azure-openai", "bedrock", "google", "ollama", "openai", "vertex-ai"], provider.kind)])
    error_message = "kind in providers_known must be anthropic, azure-openai, bedrock, google, ollama, openai or vertex-ai: correct the one that is not."
  }
  validation {
    # Lambda takes 4 KB of variables; gwctl's own settings need less than one of them.
    condition     = length(jsonencode([for provider in var.providers_known : { for key, value in provider : key => value if value != null }])) <= 3000
    error_message = "providers_known has more than 3000 characters as JSON, and a function has room for no more: remove providers that no route uses, or shorten their URLs."
  }
}

variable "stores" {
  description = "What functions may be given access to: tables by short name, the snapshot bucket, the key of both, the audit stream."
  type = object({
    audit_stream    = object({ arn = string, name = string })
    kms_key_arn     = string
    snapshot_bucket = object({ arn = string, name = string })
    tables          = map(object({ arn = string, name = string }))
  })
  nullable = false

  validation {
    condition     = alltrue([for function in var.functions : length(setsubtract(keys(function.access.tables), keys(var.stores.tables))) == 0])
    error_message = "A function asks for a table that stores.tables does not have: add the table there or correct its name."
  }
}

variable "throttle" {
  description = "How much the API takes: requests a second and at once, and from one address in five minutes."
  type = object({
    burst                = optional(number, 50)
    requests_per_address = optional(number, 2000)
    requests_per_second  = optional(number, 25)
  })
  default  = {}
  nullable = false
}
