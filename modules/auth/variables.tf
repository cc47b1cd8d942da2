variable "clients" {
  description = "Machine clients by name: the scopes they may ask for and how long their tokens live. `default` is the one that the outputs name."
  type = map(object({
    scopes        = list(string)
    token_minutes = optional(number, 60)
  }))
  default = {
    admin   = { scopes = ["admin", "read"] }
    default = { scopes = ["invoke"] }
  }
  nullable = false

  validation {
    condition     = contains(keys(var.clients), "default")
    error_message = "clients must have one named default: add default = { scopes = [\"invoke\"] }."
  }
  validation {
    condition     = alltrue([for name in keys(var.clients) : can(regex("^[a-z][a-z0-9-]{0,62}$", name))])
    error_message = "Names in clients must be lower-case letters, digits and hyphens: rename the one that is not."
  }
  validation {
    condition     = alltrue([for client in var.clients : client.token_minutes >= 5 && client.token_minutes <= 1440])
    error_message = "token_minutes in clients must be 5 to 1440: Cognito issues no token for less than five minutes or more than a day."
  }
  validation {
    condition     = alltrue([for client in var.clients : length(setsubtract(client.scopes, keys(var.resource_server.scopes))) == 0])
    error_message = "A client asks for a scope that resource_server.scopes does not define: add the scope there or correct its name."
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
  description = "Whether the user pool refuses to be deleted."
  type        = bool
  default     = true
  nullable    = false
}

variable "domain_prefix" {
  description = "First part of the token endpoint's host name, unique in the region."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$", var.domain_prefix)) && !can(regex("aws|amazon|cognito", var.domain_prefix))
    error_message = "domain_prefix must be 1 to 63 lower-case letters, digits and hyphens without the words aws, amazon and cognito: Cognito refuses others."
  }
}

variable "jwt_rule" {
  description = "The one way through the listener: its ARN, where permitted requests go, which paths and scopes are permitted, the rule's priority."
  type = object({
    listener_arn     = string
    paths            = optional(list(string), ["/v1/*"])
    priority         = optional(number, 100)
    scopes           = optional(list(string), ["invoke"])
    target_group_arn = string
  })
  nullable = false

  validation {
    condition     = length(var.jwt_rule.paths) >= 1 && length(var.jwt_rule.paths) <= 5
    error_message = "jwt_rule.paths must have one to five patterns: a listener rule takes no more; join some with *."
  }
  validation {
    condition     = length(var.jwt_rule.scopes) >= 1 && length(var.jwt_rule.scopes) <= 10
    error_message = "jwt_rule.scopes must have one to ten scopes: without one every token of the pool would do."
  }
}

variable "resource_server" {
  description = "Name under which clients ask for scopes (`<identifier>/<scope>`) and what each scope allows."
  type = object({
    identifier = optional(string, "gateway")
    scopes = optional(map(string), {
      admin  = "Read and change policy through the admin API."
      invoke = "Call models through the edge."
      read   = "Read policy and usage through the admin API."
    })
  })
  default  = {}
  nullable = false

  validation {
    condition     = !endswith(var.resource_server.identifier, "/") && length(var.resource_server.identifier) > 0
    error_message = "resource_server.identifier must not be empty and not end in a slash: the scope's name follows after one."
  }
}
