variable "alias" {
  description = "What the host name points at: a load balancer or an API's host name, and whether DNS asks for its health."
  type = object({
    check_health = optional(bool, false)
    dns_name     = string
    zone_id      = string
  })
  nullable = false
}

variable "name" {
  description = "Host name, for example ai.example.com."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,}$", var.name))
    error_message = "name must be a full host name in lower case, for example ai.example.com, without https:// and without a path."
  }
}

variable "zone_id" {
  description = "Public Route 53 zone that the host name lies in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^Z[A-Z0-9]{4,31}$", var.zone_id))
    error_message = "zone_id must be the id of a hosted zone, which begins with Z: `aws route53 list-hosted-zones` shows it."
  }
}
